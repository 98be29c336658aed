import { describe, expect, test } from "vitest";
import type { RouteInput, RunnerEvent, Task } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { ended, eventsOf, settled, startBridge, type TestBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  answers,
  completed,
  delta,
  gate,
  scriptedRunner,
  session,
  untilAborted,
} from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const day = 24 * 3_600_000;
/** 36 seconds. */
const windowHours = 0.01;
const windowMs = 36_000;
/** How much longer than the window something may count. */
const partMs = windowMs / 24;

type Budget = NonNullable<RouteInput["budget"]>;

const routes = (budget: Partial<Budget>): readonly RouteInput[] =>
  ["prompt", "note"].map((kind) => ({
    kind,
    from: "*" as const,
    runner: "scripted",
    budget: { per: "route" as const, windowHours, ...budget },
  }));

const usage = (inputTokens: number, outputTokens: number): RunnerEvent => ({
  type: "usage",
  inputTokens,
  cachedInputTokens: inputTokens,
  outputTokens,
  reasoningTokens: outputTokens,
});

const ask = async (
  { operator }: TestBridge,
  text: string,
  conversation?: string,
): Promise<Task> => {
  const place = conversation === undefined ? {} : { conversation };
  return await ended(operator, (await operator.start({ payload: { text }, ...place })).task.id);
};

const refused = { status: "failed", error: { code: "budget" }, output: null };

describe.each(storeCases)("budgets on $name", ({ place }) => {
  test("S36 a sender whose turns are used up is told when there is room again, and has it then, whatever the wall clock does", async () => {
    const clock = manualClock(Date.UTC(2030, 0, 1, 12));
    const channel = scriptedChannel({ inbox: "queue", readsAhead: true });
    const { operator, runner } = await startBridge(await place({ clock }).open(), {
      clock,
      channels: [channel],
      routes: [...routes({ per: "sender", turns: 2 })],
    });
    const say = async (from: string, text: string): Promise<void> => {
      channel.deliver({ payload: { from, text } });
      await clock.advance(2_000);
    };
    const shown = (count: number): Promise<string> =>
      eventually(() => {
        expect(channel.shown).toHaveLength(count);
        return channel.shown.at(-1)?.text ?? "";
      });
    await say("ann", "1");
    await say("ann", "2");
    await shown(2);
    clock.jump(2 * day);
    await say("ann", "3");
    const told =
      "(scripted was not started: the budget of this sender, 2 turns in 0.01 h, is used up; there is room again in 1 min (2030-01-03 12:00 UTC))";
    expect(await shown(3)).toBe(told);
    const { items } = await operator.tasks({ status: ["failed"] });
    expect(items).toMatchObject([{ ...refused, error: { code: "budget", message: told } }]);
    await say("bob", "mine");
    expect(await shown(4)).toBe("re: mine");
    clock.jump(-4 * day);
    await say("ann", "4");
    expect(await shown(5)).toMatch(/used up/);
    await clock.advance(windowMs + partMs);
    await say("ann", "5");
    expect(await shown(6)).toBe("re: 5");
    expect(runner.prompts).toEqual(["1", "2", "mine", "5"]);
  });

  test("of many tasks at once no more turns begin than the budget has", async () => {
    const held = gate();
    const runner = scriptedRunner(async function* (turn) {
      await held.promise;
      yield completed(turn.prompt);
    });
    const { operator } = await startBridge(await place().open(), {
      runner,
      routes: [...routes({ turns: 2 })],
      limits: { concurrency: 6 },
    });
    const started = await Promise.all(
      ["1", "2", "3", "4", "5", "6"].map(
        async (text) => await operator.start({ payload: { text } }),
      ),
    );
    await eventually(async () =>
      expect((await operator.tasks({ status: ["failed"] })).items).toHaveLength(4),
    );
    held.resolve();
    const tasks = await Promise.all(
      started.map(async ({ task }) => await ended(operator, task.id)),
    );
    expect(tasks.filter(({ status }) => status === "completed")).toHaveLength(2);
    expect(runner.turns).toHaveLength(2);
  });

  test("a turn that goes beyond its tokens is ended, keeps what it had said, and the next is refused", async () => {
    const runner = scriptedRunner(async function* (turn, io) {
      yield session(`of ${turn.taskId}`);
      await io.begins();
      yield usage(40, 10);
      yield delta("half of it");
      yield usage(90, 20);
      await untilAborted(io.signal).catch(() => undefined);
      yield { type: "end", outcome: "aborted" };
    });
    const made = await startBridge(await place().open(), {
      runner,
      routes: [...routes({ tokens: 100 })],
    });
    const first = await ask(made, "1");
    expect(first).toMatchObject({
      status: "failed",
      error: { code: "budget" },
      output: { output: "half of it" },
      usage: { inputTokens: 90, outputTokens: 20 },
    });
    expect(first.error?.message).toMatch(
      /^\(scripted was ended: the budget of this route, 100 tokens in 0.01 h, is used up; there is room again in 1 min \(.+ UTC\)\)$/,
    );
    expect(await ask(made, "2")).toMatchObject(refused);
    expect(runner.turns).toHaveLength(1);
  });

  test("a turn that is done when its tokens are used up keeps its answer, and uses them up", async () => {
    const runner = scriptedRunner(async function* () {
      yield usage(90, 20);
      yield completed("done all the same");
    });
    const made = await startBridge(await place().open(), {
      runner,
      routes: [...routes({ tokens: 100 })],
    });
    expect(await ask(made, "1")).toMatchObject({ status: "completed" });
    expect(await ask(made, "2")).toMatchObject(refused);
  });

  test("S36 minutes are of work: the wait for an answer is free, and then the turn is ended", async () => {
    const clock = manualClock();
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("s");
      const question = { type: "approval", title: "Go on?", details: {} } as const;
      const answer = await io.ask(question);
      yield delta(answer.action);
      await untilAborted(io.signal).catch(() => undefined);
      yield { type: "end", outcome: "aborted" };
    });
    const { operator } = await startBridge(await place({ clock }).open(), {
      clock,
      runner,
      channels: [channel],
      routes: [...routes({ minutes: 0.1 })],
    });
    channel.deliver({ payload: { from: "ann", text: "do it" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    const [task] = (await operator.tasks({})).items;
    await clock.advance(20_000);
    channel.deliver({ payload: { from: "ann", text: "yes" } });
    const types = async (): Promise<string[]> =>
      (await eventsOf(operator, task?.id ?? "")).map(({ type }) => type);
    await eventually(async () => {
      await clock.advance(100);
      expect(await types()).toContain("turn.text");
    });
    clock.jump(day);
    await clock.advance(4_000);
    expect(await operator.task(task?.id ?? "")).toMatchObject({ status: "running" });
    clock.jump(-2 * day);
    await clock.advance(3_000);
    await eventually(async () =>
      expect(await operator.task(task?.id ?? "")).toMatchObject({
        status: "failed",
        error: { code: "budget", message: expect.stringContaining("0.1 minutes in 0.01 h") },
        output: { output: "accept" },
      }),
    );
  });

  test("conversations have budgets of their own, and budgets of one name are one", async () => {
    const own = await startBridge(await place().open(), {
      routes: [...routes({ per: "conversation", turns: 1 })],
    });
    expect(await ask(own, "1", "a")).toMatchObject({ status: "completed" });
    expect(await ask(own, "2", "a")).toMatchObject(refused);
    expect(await ask(own, "3", "b")).toMatchObject({ status: "completed" });

    const shared = await startBridge(await place().open(), {
      routes: [...routes({ name: "all", turns: 1 })],
    });
    const note = { kind: "note", payload: { from: "ann", text: "one" } };
    const { task } = await shared.operator.start(note);
    expect(await ended(shared.operator, task.id)).toMatchObject({ status: "completed" });
    expect(await ask(shared, "two")).toMatchObject(refused);
  });

  test("an accepted task keeps its budget when the route gets another", async () => {
    const { promise, resolve } = gate();
    const runner = scriptedRunner(async function* (turn) {
      await promise;
      yield completed(turn.prompt);
    });
    const made = await startBridge(await place().open(), {
      runner,
      routes: [...routes({ turns: 1 })],
      limits: { concurrency: 1 },
    });
    const first = await made.operator.start({ payload: { text: "1" } });
    const second = await made.operator.start({ payload: { text: "2" } });
    await eventually(() => expect(runner.active).toBe(1));
    made.bridge.reconfigure({ routes: routes({ turns: 5 }), limits: { concurrency: 1 } });
    resolve();
    expect(await ended(made.operator, first.task.id)).toMatchObject({ status: "completed" });
    expect(await ended(made.operator, second.task.id)).toMatchObject(refused);
    expect(await ask(made, "3")).toMatchObject({ status: "completed" });
  });

  test("a turn that goes on after a planned stop is counted once, and all of its tokens are", async () => {
    const there = place();
    const parts = { routes: [...routes({ turns: 2, tokens: 100 })] };
    const working = scriptedRunner(async function* (_, io) {
      yield session("s");
      await io.begins();
      yield usage(50, 10);
      await untilAborted(io.signal).catch(() => undefined);
      yield { type: "end", outcome: "aborted" };
    });
    const one = await startBridge(await there.open(), { ...parts, runner: working });
    const { task } = await one.operator.start({ payload: { text: "1" } });
    await eventually(async () =>
      expect((await one.operator.task(task.id)).usage).toMatchObject({ inputTokens: 50 }),
    );
    await one.bridge.stop();
    const going = scriptedRunner(async function* () {
      yield usage(10, 10);
      yield completed("done");
    });
    const two = await startBridge(await there.open(), { ...parts, runner: going });
    expect(await ended(two.operator, task.id)).toMatchObject({ status: "completed", attempt: 2 });
    // One turn and twenty tokens are left.
    expect(await ask(two, "2")).toMatchObject({ status: "completed" });
    expect((await ask(two, "3")).error?.message).toContain("2 turns");
    expect(going.turns).toHaveLength(2);
  });

  test("a refused turn asks its runner for nothing, and its reply is delivered", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      runner: scriptedRunner(answers(({ prompt }) => `re: ${prompt}`)),
      routes: [...routes({ turns: 1 })],
    });
    for (const text of ["1", "2"]) channel.deliver({ payload: { from: "ann", text } });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    const [last] = (await operator.tasks({})).items;
    expect(await settled(operator, last?.id ?? "")).toMatchObject({
      ...refused,
      reply: "delivered",
    });
    const types = (await eventsOf(operator, last?.id ?? "")).map(({ type }) => type);
    expect(types).toEqual(["task.created", "task.started", "task.failed", "reply.delivered"]);
    expect(runner.turns).toHaveLength(1);
  });
});
