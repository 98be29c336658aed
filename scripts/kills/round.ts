import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Phase } from "./phases.ts";
import { judge, type RunCounter, type Sent, type Verdict } from "./referee.ts";
import { connect, startVictim, type Victim, type World, workspace } from "./world.ts";

/** How long a daemon may take to be hit, and a round to settle, in milliseconds. */
const hitMs = 20_000;
const settleMs = 40_000;

/** What one kill did. */
export interface RoundResult {
  readonly phase: Phase;
  readonly wasHit: boolean;
  readonly verdicts: readonly Verdict[];
  /** When the daemon was dead, in epoch milliseconds. */
  readonly killedAt: number;
  /** Replies that the daemon itself marked as possibly repeated. */
  readonly marked: number;
  /** Processes of agents that were left when all was settled. */
  readonly orphans: readonly number[];
}

/** What the loop carries from round to round. */
export interface Loop {
  readonly world: World;
  readonly runs: RunCounter;
  readonly random: () => number;
  /** Numbers messages. */
  nextId: number;
}

async function waitFor(
  what: string,
  limitMs: number,
  isTrue: () => Promise<boolean> | boolean,
): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end;) {
    if (await isTrue()) return true;
    await sleep(20);
  }
  console.error(`Not seen within ${limitMs} ms: ${what}`);
  return false;
}

/** A shell command that can be found in the process table by its odd duration. */
const shellMark = (id: string): string => `${60 + Number(id.split("-")[1]) / 1e6}`;

/** Processes whose command line or environment (`file`) has a text. */
function processesWith(text: string, file: "cmdline" | "environ" = "cmdline"): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ").includes(text);
      } catch (error) {
        // A process may end between being listed and being read.
        // What belongs to somebody else is not ours, and can not be read.
        if (
          ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(
            (error as NodeJS.ErrnoException).code ?? "",
          )
        )
          return false;
        throw error;
      }
    })
    .map(Number);
}

async function write(
  loop: Loop,
  phase: Phase,
): Promise<{ messages: readonly Sent[]; lastSeq: number }> {
  const { platform } = loop.world;
  const messages: Sent[] = [];
  let lastSeq = 0;
  for (const sender of phase.senders) {
    const id = `message-${loop.nextId++}`;
    const shell = phase.from === "shell" ? `[[shell sleep ${shellMark(id)}]] ` : "";
    const text = `${shell}[[say answer ${id}]]`;
    const since = (await platform.log()).entries.length;
    const peer = sender === "peer" ? `peer-of-${id}` : null;
    const row =
      peer === null
        ? await platform.addCanvas({ workspace, text })
        : await platform.addPeer({ workspace, peer, text });
    messages.push({ id, peer, since });
    lastSeq = row.seq;
  }
  return { messages, lastSeq };
}

/** Starts the daemon and kills it at the phase. @returns whether it was hit there */
async function strike(loop: Loop, phase: Phase, messages: readonly Sent[]): Promise<boolean> {
  const victim: Victim = startVictim(loop.world, phase.failpoint);
  let ended: string | undefined;
  void victim.gone.then((how) => (ended = how));
  if (phase.from === "random") {
    await (await connect(loop.world)).close();
    await sleep(loop.random() * 1500);
    victim.kill("SIGKILL");
  }
  if (phase.from === "shell") {
    const mark = shellMark((messages[0] as Sent).id);
    await waitFor(
      `the shell command of ${phase.name}`,
      hitMs,
      () => processesWith(`sleep ${mark}`).length > 0,
    );
    victim.kill("SIGKILL");
  }
  const wasHit = await waitFor(phase.name, hitMs, () => ended === "SIGKILL");
  if (!wasHit) victim.kill("SIGKILL");
  await victim.gone;
  return wasHit;
}

/** One kill: messages come in, the daemon dies at the phase, another one takes over, the platform judges. */
export async function runRound(loop: Loop, phase: Phase): Promise<RoundResult> {
  const { world, runs } = loop;
  const { messages, lastSeq } = await write(loop, phase);
  const wasHit = await strike(loop, phase, messages);
  const killedAt = Date.now();
  runs.take(world.model.log());
  const victim = startVictim(world, null);
  await using client = await connect(world);
  await waitFor(
    `everything acknowledged after: ${phase.name}`,
    settleMs,
    async () => (await world.platform.acked({ workspace })) >= lastSeq,
  );
  const { bridge } = await client.call("status", {});
  runs.take(world.model.log());
  const verdicts = judge(messages, await world.platform.sent({ workspace }));
  victim.kill("SIGTERM");
  await victim.gone;
  // Every agent knows its home by its environment; its shells, which may not, are known by their command.
  const orphans = [
    ...processesWith(world.home, "environ"),
    ...messages.flatMap(({ id }) => processesWith(`sleep ${shellMark(id)}`)),
  ];
  return { phase, wasHit, verdicts, killedAt, marked: bridge.since.repeatedReplies, orphans };
}
