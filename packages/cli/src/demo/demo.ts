import { setTimeout as sleep } from "node:timers/promises";
import {
  BridgeError,
  type BridgeEvent,
  describeError,
  isBridgeError,
  isLogGap,
} from "@agent-bridge/core";
import { type DemoDaemon, startDaemon } from "./demo-daemon.ts";
import { type DemoWorld, peer, startWorld, workspace } from "./demo-home.ts";
import { proveRunner, type RunnerProof } from "./runner-proof.ts";
import { createStory, type Story } from "./story.ts";

/** How long one part of the demo may take, in milliseconds. */
const partMs = 30_000;

/** What the demo showed; printed with `--json`. */
export interface DemoReport {
  readonly runner: RunnerProof;
  /** Counted from the platform's own record. */
  readonly messages: number;
  readonly replies: number;
  readonly acknowledged: boolean;
  /** The turn that was killed went on in the session that it had begun in. */
  readonly sameSession: boolean;
  readonly orphansEnded: number;
  readonly elapsedMs: number;
  readonly ok: boolean;
}

/** What the parts of the demo have in common. */
interface Stage {
  readonly world: DemoWorld;
  readonly story: Story;
  /** Every event so far. */
  readonly seen: BridgeEvent[];
  readonly signal: AbortSignal;
}

async function until(
  what: string,
  signal: AbortSignal,
  isTrue: () => Promise<boolean> | boolean,
): Promise<void> {
  for (const end = performance.now() + partMs; !(await isTrue());) {
    if (performance.now() > end)
      throw new BridgeError("TIMED_OUT", { what: `The demo: ${what}`, afterMs: partMs });
    await sleep(25, undefined, { signal });
  }
}

/** Follows a daemon's events into the story until its end or a kill; keeps all it saw. */
function watch(
  daemon: DemoDaemon,
  { story, seen, signal }: Stage,
): { done: Promise<void>; stop: () => void } {
  const controller = new AbortController();
  const stopped = AbortSignal.any([controller.signal, signal]);
  const after = seen.at(-1)?.cursor ?? null;
  const follow = async (): Promise<void> => {
    try {
      for await (const event of daemon.client.stream("follow", { after }, { signal: stopped })) {
        // Nothing is removed as long as a demo lasts.
        if (isLogGap(event)) continue;
        seen.push(event);
        story.event(event);
      }
    } catch (error) {
      // The demo kills the daemon, and with it this connection; anything else is told.
      const isMeant = stopped.aborted || isBridgeError(error, "DAEMON_LOST");
      if (!isMeant) story.tell("connection", describeError(error));
    }
  };
  return { done: follow(), stop: () => controller.abort() };
}

const sessionsOf = (
  events: readonly BridgeEvent[],
  taskId: string | undefined,
): readonly string[] =>
  events.flatMap((event) =>
    event.type === "turn.session" && event.taskId === taskId ? [event.data.sessionId] : [],
  );

async function isAcknowledged(world: DemoWorld, lastSeq: number): Promise<boolean> {
  return ((await world.platform.acked({ workspace })) ?? 0) >= lastSeq;
}

/** First part: a person and a peer have written; both are answered and acknowledged. */
async function answerInbox(stage: Stage): Promise<void> {
  const { world, story, signal } = stage;
  const canvas = await world.platform.addCanvas({
    workspace,
    text: "What system is this? [[think A shell command will tell.]] [[shell uname -srm]] [[say It is a Linux machine; uname says so.]]",
  });
  const asked = await world.platform.addPeer({
    workspace,
    peer,
    text: "Are you there? [[say Yes, and working.]]",
  });
  story.tell("platform", "a person wrote on the canvas, and a peer agent wrote too");
  await using daemon = await startDaemon(world.home, signal);
  story.tell("daemon", `up, pid ${daemon.pid}`);
  const watching = watch(daemon, stage);
  const lastSeq = Math.max(canvas.seq, asked.seq);
  await until(
    "both messages are acknowledged",
    signal,
    async () => await isAcknowledged(world, lastSeq),
  );
  story.tell("acknowledged", `everything up to ${lastSeq}`);
  watching.stop();
  await watching.done;
}

/** Second part: the daemon is killed in the middle of a turn, started again, and the message ends answered. */
async function surviveKill(stage: Stage): Promise<{ orphansEnded: number; runner: RunnerProof }> {
  const { world, story, seen, signal } = stage;
  const row = await world.platform.addCanvas({
    workspace,
    text: "Do something long. [[think This takes a while.]] [[shell sleep 60]] [[say Done.]]",
  });
  story.tell("platform", "the person asks for something long");
  await using first = await startDaemon(world.home, signal);
  story.tell("daemon", `up, pid ${first.pid}`);
  const known = seen.length;
  let watching = watch(first, stage);
  await until("the shell command runs", signal, () =>
    seen.slice(known).some((event) => event.type === "turn.tool_call"),
  );
  await first.kill();
  watching.stop();
  await watching.done;
  story.tell("SIGKILL", `pid ${first.pid}, with the shell command in flight`);
  await using second = await startDaemon(world.home, signal);
  story.tell("daemon", `up again, pid ${second.pid}`);
  watching = watch(second, stage);
  await until(
    "the interrupted message is acknowledged",
    signal,
    async () => await isAcknowledged(world, row.seq),
  );
  story.tell("acknowledged", `everything up to ${row.seq}`);
  const { bridge } = await second.client.call("status", {});
  watching.stop();
  await watching.done;
  return {
    orphansEnded: bridge.since.orphansEnded,
    runner: proveRunner(bridge.runners, world.model.log()),
  };
}

async function tellAll(stage: Stage): Promise<DemoReport> {
  const { world, story, seen } = stage;
  story.tell("world", `a platform at ${world.platformUrl} and a stub model at ${world.model.url}`);
  story.tell(
    "",
    "(the model does what stands in [[brackets]]; codex, its shell and its sandbox are real)",
  );
  await answerInbox(stage);
  const { orphansEnded, runner } = await surviveKill(stage);
  const replies = (await world.platform.sent({ workspace })).length;
  const canvasTasks = seen.flatMap((event) =>
    event.type === "task.created" && event.data.kind === "canvas_user" ? [event.taskId] : [],
  );
  const sessions = new Set(canvasTasks.flatMap((taskId) => sessionsOf(seen, taskId)));
  const sameSession = canvasTasks.length === 2 && sessions.size === 1;
  return {
    runner,
    messages: 3,
    replies,
    acknowledged: true,
    sameSession,
    orphansEnded,
    elapsedMs: story.elapsedMs,
    ok: replies === 3 && sameSession,
  };
}

/**
 * Shows the whole way of a message on the real codex, without a key or a network.
 *
 * @param signal ends the demo; its processes and its folder are gone when that is told
 * @throws BridgeError TIMED_OUT, INTERNAL; the signal's reason
 */
export async function runDemo(
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoReport> {
  const story = createStory(write);
  try {
    await using world = await startWorld();
    return await tellAll({ world, story, seen: [], signal });
  } catch (error) {
    // Ctrl-C reaches the platform and the daemon too: what fails without them is not the news.
    signal.throwIfAborted();
    throw error;
  }
}
