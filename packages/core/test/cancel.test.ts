import { describe, expect, test } from "vitest";
import { BridgeError } from "@agent-bridge/core";
import {
  allTasks,
  ended,
  eventsOf,
  makeBridge,
  settled,
  startBridge,
  typesOf,
} from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  completed,
  delta,
  gate,
  type Script,
  scriptedRunner,
  session,
  untilAborted,
  works,
} from "./fixtures/scripted-runner.ts";
import { intercepted, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** What a cancelled task looks like, wherever it was when it was cancelled. */
const cancelled = { status: "failed", error: { code: "cancelled" }, cancelRequested: true };

const terminals = (types: readonly string[]): readonly string[] =>
  types.filter((type) => type === "task.completed" || type === "task.failed");

describe.each(storeCases)("cancel on $name", ({ place }) => {
  test("S19 before the start: the task ends at once, and never runs", async () => {
    const { operator, runner, bridge } = makeBridge(await place().open());
    const { task } = await operator.start({ payload: { text: "x" } });
    const result = await operator.cancel(task.id, "changed my mind");
    expect(result.changed).toBe(true);
    expect(result.task).toMatchObject(cancelled);
    expect(result.task.error?.message).toContain("changed my mind");
    await bridge.start();
    const next = await operator.start({ payload: { text: "next" } });
    await ended(operator, next.task.id);
    expect(runner.prompts).toEqual(["next"]);
    expect(terminals(await typesOf(operator, task.id))).toHaveLength(1);
  });

  test("S19 while the runner is being started", async () => {
    const began = gate();
    const left: string[] = [];
    const runner = scriptedRunner(async function* (_, io) {
      try {
        began.resolve();
        await untilAborted(io.signal);
        yield session("never");
      } finally {
        left.push("cleaned up");
      }
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    await began.promise;
    expect((await operator.cancel(task.id)).changed).toBe(true);
    expect(await ended(operator, task.id)).toMatchObject({ ...cancelled, output: null });
    expect(left).toEqual(["cleaned up"]);
  });

  test("S19 during a tool call: the call is closed, and what was said is kept", async () => {
    const calling = gate();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("s");
      yield delta("I will ");
      yield delta("look.");
      yield { type: "tool_call", callId: "1", name: "shell", input: { command: "sleep 1000" } };
      yield delta(" Looking");
      calling.resolve();
      await untilAborted(io.signal);
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    await calling.promise;
    const at = performance.now();
    await operator.cancel(task.id);
    await eventually(() => expect(runner.active).toBe(0));
    expect(performance.now() - at).toBeLessThan(500);
    // The last deltas before the abort are kept, too.
    expect(await ended(operator, task.id)).toMatchObject({
      ...cancelled,
      output: { output: "I will look. Looking" },
    });
    const events = await eventsOf(operator, task.id);
    expect(events.at(-1)?.type).toBe("task.failed");
    expect(events.find((event) => event.type === "turn.tool_result")?.data).toMatchObject({
      callId: "1",
      status: "cancelled",
    });
  });

  test("S19 twice, by two callers at once, and after the end: one terminal state", async () => {
    const runner = scriptedRunner(works());
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    const results = await Promise.all([operator.cancel(task.id), operator.cancel(task.id)]);
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    const last = await ended(operator, task.id);
    expect(await operator.cancel(task.id)).toEqual({ changed: false, task: last });
    const types = await typesOf(operator, task.id);
    expect(terminals(types)).toHaveLength(1);
    expect(types.filter((type) => type === "task.cancel_requested")).toHaveLength(1);
  });

  test("S19 a mark that comes while the runner's answer is being stored wins over it", async () => {
    const store = await place().open();
    let cancel: (() => Promise<unknown>) | undefined;
    const watched = intercepted(store, ({ name, go }) => {
      if (name !== "work.finish" || cancel === undefined) return go();
      return cancel().then(go);
    });
    const go = gate();
    const runner = scriptedRunner(async function* () {
      await go.promise;
      yield completed("the answer");
    });
    const { operator } = await startBridge(watched, { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    cancel = async () => await operator.cancel(task.id);
    go.resolve();
    const last = await ended(operator, task.id);
    expect(last).toMatchObject({ status: "failed", error: { code: "cancelled" } });
    expect(terminals(await typesOf(operator, task.id))).toHaveLength(1);
  });

  test("S19 a mark that comes between the claim and the start of the runner is seen at once", async () => {
    let cancel: ((taskId: string) => Promise<unknown>) | undefined;
    const claimed = async (claims: unknown): Promise<unknown> => {
      const claim = (await claims) as readonly { taskId: string }[];
      for (const { taskId } of claim) await cancel?.(taskId);
      return claim;
    };
    const store = intercepted(await place().open(), ({ name, go }) =>
      name === "work.claim" ? claimed(go()) : go(),
    );
    const { operator } = await startBridge(store, { runner: scriptedRunner(works()) });
    cancel = async (taskId) => await operator.cancel(taskId);
    const { task } = await operator.start({ payload: { text: "x" } });
    expect(await ended(operator, task.id, 800)).toMatchObject(cancelled);
  });

  test("a cancelled message is answered with why, and acknowledged", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(works("half of it"));
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ payload: { from: "ann", text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    const [task] = await allTasks(operator);
    await eventually(async () =>
      expect(await typesOf(operator, task?.id ?? "")).toContain("turn.text"),
    );
    await operator.cancel(task?.id ?? "", "it takes too long");
    await settled(operator, task?.id ?? "");
    expect(channel.shown.map(({ text }) => text)).toEqual([
      "(scripted was cancelled: it takes too long)",
    ]);
    await eventually(() => expect(channel.acks).toHaveLength(1));
    const { items } = await operator.conversations();
    const { history } = await operator.conversation(items[0]?.id ?? "");
    expect(history.map(({ role, text }) => [role, text])).toEqual([
      ["user", "x"],
      ["assistant", "half of it"],
    ]);
  });

  const stubborn: [string, Script][] = [
    [
      "ignores the abort and goes on for ever",
      async function* () {
        yield delta("busy");
        await new Promise(() => undefined);
      },
    ],
    [
      "goes on talking after the abort",
      async function* (_, io) {
        yield delta("busy");
        await untilAborted(io.signal).catch(() => undefined);
        for (let index = 0; index < 1000; index++) {
          await new Promise((resolve) => void setTimeout(resolve, 1));
          yield delta(".");
        }
      },
    ],
    [
      "hangs while it cleans up",
      async function* (_, io) {
        try {
          yield delta("busy");
          await untilAborted(io.signal);
        } finally {
          await new Promise(() => undefined);
        }
      },
    ],
  ];
  test.each(stubborn)(
    "a runner that %s is given up and swept after the grace time",
    async (_, script) => {
      const swept: unknown[] = [];
      const { operator, logger } = await startBridge(await place().open(), {
        runner: scriptedRunner(script),
        limits: { turn: { graceMs: 40 } },
        sweeper: {
          sweep: async ({ only }) => {
            if (only !== undefined) swept.push(only);
            return await Promise.resolve({ ended: 1, survivors: only === undefined ? [] : [4711] });
          },
        },
      });
      const { task } = await operator.start({ payload: { text: "x" } });
      await eventually(async () => expect(await typesOf(operator, task.id)).toContain("turn.text"));
      await operator.cancel(task.id);
      const last = await ended(operator, task.id);
      expect(last).toMatchObject(cancelled);
      expect(last.output?.output).toMatch(/^busy/);
      expect(swept).toEqual([{ taskId: task.id, attempt: 1 }]);
      // What survived is told, and nothing is written after the end.
      const events = await eventsOf(operator, task.id);
      expect(events.at(-1)?.type).toBe("task.failed");
      expect(events.at(-2)).toMatchObject({
        type: "turn.notice",
        data: { text: expect.stringContaining("4711") },
      });
      expect(logger.lines.some(({ message }) => message.includes("given up"))).toBe(true);
    },
  );

  test("a sweep that fails or hangs does not change how the task ends", async () => {
    const { operator } = await startBridge(await place().open(), {
      runner: scriptedRunner(works()),
      sweeper: {
        sweep: async ({ only }) => {
          if (only !== undefined) throw new BridgeError("INTERNAL", { detail: "no process table" });
          return await Promise.resolve({ ended: 0, survivors: [] });
        },
      },
    });
    const { task } = await operator.start({ payload: { text: "x" } });
    await eventually(async () => expect((await operator.task(task.id)).status).toBe("running"));
    await operator.cancel(task.id);
    expect(await ended(operator, task.id)).toMatchObject(cancelled);
    expect(await typesOf(operator, task.id)).toContain("turn.notice");
  });

  test("a cancel reaches the runner of another process", async () => {
    const store = await place().open();
    const runner = scriptedRunner(works());
    const one = await startBridge(store, { runner, node: "one" });
    const two = makeBridge(store, { node: "two" });
    const { task } = await one.operator.start({ payload: { text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    await two.operator.cancel(task.id);
    await eventually(() => expect(runner.active).toBe(0));
    expect(await ended(two.operator, task.id)).toMatchObject(cancelled);
  });

  test("a cancelled task is never gone on with by itself: its conversation runs the next message", async () => {
    const runner = scriptedRunner(async function* (turn, io, call) {
      if (turn.prompt === "first") yield* works()(turn, io, call);
      else yield completed("second done");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const first = await operator.start({ payload: { text: "first" }, conversation: "room" });
    const second = await operator.start({ payload: { text: "second" }, conversation: "room" });
    await eventually(() => expect(runner.active).toBe(1));
    await operator.cancel(first.task.id);
    expect((await ended(operator, second.task.id)).output).toEqual({ output: "second done" });
    expect(runner.turns.map(({ taskId }) => taskId)).toEqual([first.task.id, second.task.id]);
  });
});
