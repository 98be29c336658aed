import { describe, expect, test } from "vitest";
import type { BridgeParts, RouteInput, Store } from "@agent-bridge/core";
import { allTasks, ended, eventsOf, everyone, settled, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  answers,
  completed,
  gate,
  type Script,
  scriptedRunner,
  session,
  untilAborted,
  whole,
  works,
} from "./fixtures/scripted-runner.ts";
import { severable, type StorePlace, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** Ten times as fast: a bridge that was cut off from its store takes a moment to end. */
const clock = hurriedClock(10);

/** Runs a task in a bridge that is killed in its middle. @returns its id */
async function killedIn(
  there: StorePlace,
  of: {
    script: (kill: () => void, store: Store) => Script;
    parts?: Partial<BridgeParts>;
    key?: string;
  },
): Promise<string> {
  const store = await there.open();
  const doomed = severable(store);
  const runner = scriptedRunner(of.script(doomed.sever, store));
  const { runners: _, ...parts } = of.parts ?? {};
  const { bridge, operator } = await startBridge(doomed.store, { clock, runner, ...parts });
  const { task } = await operator.start({
    payload: { text: "build it" },
    conversation: of.key ?? "room",
  });
  await eventually(() => expect(runner.turns).toHaveLength(1));
  await eventually(() => expect(runner.active).toBe(0));
  await bridge.stop();
  return task.id;
}

const dies =
  (of: { begins: boolean; session: string | null }): ((kill: () => void) => Script) =>
  (kill) =>
    async function* (_, io) {
      if (of.session !== null) yield session(of.session);
      if (of.begins) await io.begins();
      kill();
      yield completed("never stored");
    };

const interrupting: RouteInput[] = everyone.map((route) => ({ ...route, recover: "interrupt" }));

describe.each(storeCases)("recovery on $name", ({ place }) => {
  test("what was not begun is run as new", async () => {
    const there = place({ clock });
    const id = await killedIn(there, { script: dies({ begins: false, session: null }) });
    const { operator, runner } = await startBridge(await there.open(), { clock });
    expect(await ended(operator, id)).toMatchObject({
      status: "completed",
      attempt: 2,
      crashes: 1,
      output: { output: "re: build it" },
    });
    expect(runner.prompts).toEqual(["build it"]);
    expect((await operator.status()).since.recovered).toEqual({
      asNew: 1,
      resumed: 0,
      interrupted: 0,
    });
  });

  test("what was begun goes on in its session, with a prompt that says that it may be partly done", async () => {
    const there = place({ clock });
    const id = await killedIn(there, { script: dies({ begins: true, session: "kept" }) });
    const { operator, runner } = await startBridge(await there.open(), { clock });
    expect((await ended(operator, id)).status).toBe("completed");
    expect(runner.turns).toHaveLength(1);
    expect(runner.turns[0]?.session?.id).toBe("kept");
    expect(runner.prompts[0]).toMatch(/interrupted.*do not repeat what is done.*> build it/s);
    const events = await eventsOf(operator, id);
    expect(events.filter(({ type }) => type === "task.started").map(({ data }) => data)).toEqual([
      { attempt: 1, cause: "new" },
      { attempt: 2, cause: "recovered" },
    ]);
    expect(events.some((event) => event.type === "turn.notice")).toBe(true);
  });

  test.each([
    ["no session is stored", { begins: true, session: null }, [...everyone]],
    ["the route does not resume", { begins: true, session: "kept" }, interrupting],
  ])("what was begun is not run again when %s", async (_, how, routes) => {
    const there = place({ clock });
    const id = await killedIn(there, { script: dies(how), parts: { routes } });
    const { operator, runner } = await startBridge(await there.open(), { clock });
    const task = await ended(operator, id);
    expect(task).toMatchObject({ status: "failed", error: { code: "interrupted" } });
    expect(task.error?.message).toContain("it was not run again");
    expect(runner.turns).toHaveLength(0);
  });

  test("a task whose cancel was asked for before the crash ends as cancelled, without a run", async () => {
    const there = place({ clock });
    const id = await killedIn(there, {
      script: (kill, store) =>
        async function* (turn, io) {
          yield whole("I have read the files.");
          await io.begins();
          // The mark is durable, and its worker dies before it sees it.
          kill();
          await store.intake.requestCancel({
            taskId: turn.taskId,
            scope: { all: true },
            by: "operator",
            reason: "enough",
            ending: { status: "failed", output: null, error: null, reply: "" },
          });
          yield completed("never stored");
        },
    });
    const { operator, runner } = await startBridge(await there.open(), { clock });
    const task = await ended(operator, id);
    expect(task).toMatchObject({
      status: "failed",
      error: { code: "cancelled" },
      output: { output: "I have read the files." },
    });
    expect(task.error?.message).toContain("enough");
    expect(runner.turns).toHaveLength(0);
  });

  test("S10 a turn that kills its host again and again ends visibly after three crashes", async () => {
    const there = place({ clock });
    const script = dies({ begins: true, session: "kept" });
    const id = await killedIn(there, { script });
    for (let crash = 2; crash <= 3; crash++) {
      const doomed = severable(await there.open());
      const runner = scriptedRunner(script(doomed.sever));
      const { bridge } = await startBridge(doomed.store, { clock, runner });
      await eventually(() => expect(runner.turns).toHaveLength(1));
      await eventually(() => expect(runner.active).toBe(0));
      await bridge.stop();
    }
    const { operator, runner } = await startBridge(await there.open(), { clock });
    expect(await ended(operator, id)).toMatchObject({
      status: "failed",
      crashes: 3,
      error: { code: "crash_loop" },
    });
    expect(runner.turns).toHaveLength(0);
  });

  test("S11 when the recovery of a task fails, its conversation goes on with the next one", async () => {
    const there = place({ clock });
    const id = await killedIn(there, { script: dies({ begins: true, session: "kept" }) });
    const runner = scriptedRunner(async function* (turn) {
      if (turn.session?.id === "kept" && turn.prompt.includes("interrupted"))
        throw new Error("The recovery broke.");
      yield completed("fine");
    });
    const { operator } = await startBridge(await there.open(), { clock, runner });
    const next = await operator.start({ payload: { text: "next" }, conversation: "room" });
    expect(await ended(operator, next.task.id)).toMatchObject({ output: { output: "fine" } });
    expect((await operator.task(id)).error).toMatchObject({ code: "runner_failed" });
  });

  test("S04 a planned stop gives the attempt back: no crash is counted, and the next start goes on", async () => {
    const there = place({ clock });
    const first = await startBridge(await there.open(), { clock, runner: scriptedRunner(works()) });
    const { task } = await first.operator.start({
      payload: { text: "build it" },
      conversation: "room",
    });
    await eventually(() => expect(first.runner.active).toBe(1));
    await eventually(async () =>
      expect((await eventsOf(first.operator, task.id)).at(-1)?.type).toBe("turn.text"),
    );
    await first.bridge.stop();
    expect(first.runner.active).toBe(0);
    expect(first.runner.isDisposed).toBe(true);

    const second = await startBridge(await there.open(), { clock });
    const last = await ended(second.operator, task.id);
    expect(last).toMatchObject({ status: "completed", attempt: 2, crashes: 0 });
    expect(second.runner.turns[0]?.session?.id).toBe(`session-${task.id}`);
    const { events } = await second.operator.events({ taskId: task.id, types: ["task.started"] });
    expect(events.map(({ data }) => data)).toEqual([
      { attempt: 1, cause: "new" },
      { attempt: 2, cause: "released" },
    ]);
  });

  test("S04 a turn that completes in the moment of the stop is completed, not run again", async () => {
    const there = place({ clock });
    const begun = gate();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("s");
      await io.begins();
      begun.resolve();
      await untilAborted(io.signal).catch(() => undefined);
      yield completed("done just in time");
    });
    const first = await startBridge(await there.open(), { clock, runner });
    const { task } = await first.operator.start({ payload: { text: "x" } });
    await begun.promise;
    await first.bridge.stop();
    const second = await startBridge(await there.open(), { clock });
    expect(await ended(second.operator, task.id)).toMatchObject({
      attempt: 1,
      output: { output: "done just in time" },
    });
    expect(second.runner.turns).toHaveLength(0);
  });

  test("the processes of an earlier start are swept before its work is taken over", async () => {
    const there = place({ clock });
    const id = await killedIn(there, {
      script: (kill) =>
        async function* (_, io) {
          yield session("kept");
          await io.begins();
          await io.spawned({ pid: 4711, startTime: "99" });
          kill();
          yield completed("never stored");
        },
    });
    const order: string[] = [];
    const { operator, bridge } = await startBridge(await there.open(), {
      clock,
      sweeper: {
        sweep: async ({ recorded, only }) => {
          if (only === undefined) order.push(`swept ${JSON.stringify(recorded)}`);
          return await Promise.resolve({ ended: recorded.length, survivors: [] });
        },
      },
      runner: scriptedRunner(async function* () {
        order.push("ran");
        yield completed("done");
      }),
    });
    await ended(operator, id);
    const record = { pid: 4711, startTime: "99", taskId: id, attempt: 1 };
    expect(order).toHaveLength(2);
    expect(JSON.parse(order[0]?.slice("swept ".length) ?? "")).toEqual([record]);
    expect((await operator.status()).since.orphansEnded).toBe(1);
    await bridge.stop();
  });
});

describe.each(storeCases)("sessions on $name", ({ place }) => {
  test("a conversation goes on in its session, and another has its own", async () => {
    const { operator, runner } = await startBridge(await place({ clock }).open(), { clock });
    for (const conversation of ["a", "b", "a"]) {
      const { task } = await operator.start({ payload: { text: conversation }, conversation });
      await ended(operator, task.id);
    }
    const [first, second, third] = runner.turns;
    expect(first?.session).toBeNull();
    expect(second?.session).toBeNull();
    expect(third?.session?.id).toBe(`session-${first?.taskId}`);
  });

  test("S38 a session that is gone is replaced, once, and the user is told", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (turn, io, call) {
      if (turn.session?.id === "session-1") {
        yield { type: "end", outcome: "session_gone", message: "No rollout found." };
        return;
      }
      yield session(turn.session?.id ?? `session-${call}`);
      await io.begins();
      yield completed(`answer ${call}`);
    });
    const { operator } = await startBridge(await place({ clock }).open(), {
      clock,
      channels: [channel],
      runner,
    });
    for (const text of ["1", "2", "3"]) channel.deliver({ payload: { from: "ann", text } });
    await eventually(() => expect(channel.shown).toHaveLength(3));
    expect(runner.turns.map((turn) => turn.session?.id ?? null)).toEqual([
      null,
      "session-1",
      null,
      "session-3",
    ]);
    expect(runner.prompts).toEqual(["1", "2", "2", "3"]);
    expect(channel.shown[1]?.text).toContain("no longer had the earlier session");
    expect(channel.shown[1]?.text).toContain("answer 3");
    expect(channel.shown[2]?.text).toBe("answer 4");
    const [, second] = await allTasks(operator);
    expect((await settled(operator, second?.id ?? "")).output).toEqual({ output: "answer 3" });
    const conversations = await operator.conversations();
    expect(conversations.items[0]?.sessions).toEqual([
      { runner: "scripted", sessionId: "session-3" },
    ]);
  });

  test("S38 a fresh session that is gone as well is a failure, not a loop", async () => {
    const runner = scriptedRunner(async function* (turn, io, call) {
      if (call === 1) return yield* answers(() => "one")(turn, io, call);
      yield { type: "end", outcome: "session_gone", message: "No rollout found." };
    });
    const { operator } = await startBridge(await place({ clock }).open(), { clock, runner });
    const first = await operator.start({ payload: { text: "1" }, conversation: "room" });
    await ended(operator, first.task.id);
    const second = await operator.start({ payload: { text: "2" }, conversation: "room" });
    expect(await ended(operator, second.task.id)).toMatchObject({
      error: { code: "runner_failed", message: "No rollout found." },
    });
    expect(runner.turns).toHaveLength(3);
  });

  test("an interrupted turn whose session is gone is interrupted: it is never run again from its beginning", async () => {
    const there = place({ clock });
    const id = await killedIn(there, { script: dies({ begins: true, session: "kept" }) });
    const runner = scriptedRunner(async function* () {
      yield { type: "end", outcome: "session_gone", message: "No rollout found." };
    });
    const { operator } = await startBridge(await there.open(), { clock, runner });
    expect(await ended(operator, id)).toMatchObject({ error: { code: "interrupted" } });
    expect(runner.turns).toHaveLength(1);
  });
});
