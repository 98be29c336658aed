import { describe, expect, test } from "vitest";
import {
  type BridgeEvent,
  defaultRetention,
  type Handle,
  isLogGap,
  type LogGap,
  type RetentionRules,
  type Store,
} from "@agent-bridge/core";
import { manualClock, type ManualClock } from "@agent-bridge/testing";
import {
  ended,
  eventsOf,
  makeBridge,
  startBridge,
  type TestBridge,
  typesOf,
} from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import {
  answers,
  completed,
  gate,
  type Script,
  scriptedRunner,
  session,
  whole,
  works,
} from "./fixtures/scripted-runner.ts";
import { intercepted, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** Rules by which an ended task goes with the first sweep, and nothing else does. */
const soon: Partial<RetentionRules> = { taskMs: 1000 };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Lets time pass until a sweep has come to its end after it was asked for. */
async function untilSwept(clock: ManualClock, operator: Handle): Promise<void> {
  const before = (await operator.status()).retention.lastRunAt;
  for (let passed = 0; (await operator.status()).retention.lastRunAt === before; passed += 1000) {
    if (passed > 2 * hourMs) throw new Error("Nothing was swept.");
    await clock.advance(1000);
  }
}

async function say(
  handle: Handle,
  text: string,
  more: { readonly idempotencyKey?: string; readonly conversation?: string } = {},
): Promise<string> {
  const { task } = await handle.start({ payload: { text }, ...more });
  await ended(handle, task.id);
  return task.id;
}

/** What a follower sees until as many elements have come. */
async function followed(handle: Handle, count: number): Promise<(BridgeEvent | LogGap)[]> {
  const seen: (BridgeEvent | LogGap)[] = [];
  for await (const element of handle.follow({ signal: AbortSignal.timeout(5000) })) {
    seen.push(element);
    if (seen.length === count) break;
  }
  return seen;
}

describe.each(storeCases)("retention on $name", ({ place }) => {
  const opened = async (
    parts: Parameters<typeof startBridge>[1] & {
      readonly wrap?: (store: Store) => Store;
    } = {},
  ): Promise<TestBridge & { readonly clock: ManualClock; readonly store: Store }> => {
    const clock = manualClock();
    const { wrap = (store: Store) => store, ...rest } = parts;
    const store = wrap(await place({ clock }).open());
    return { clock, store, ...(await startBridge(store, { clock, retention: soon, ...rest })) };
  };

  test("an ended task goes with the first sweep; its key is expired, and what is open goes on", async () => {
    const working = gate();
    const runner = scriptedRunner(async function* ({ prompt }) {
      if (prompt === "long") await working.promise;
      yield completed(prompt);
    });
    const limits = { turn: { startMs: hourMs } };
    const { operator, clock } = await opened({ runner, limits });
    const id = await say(operator, "short", { idempotencyKey: "key" });
    const { task: open } = await operator.start({ payload: { text: "long" } });
    const events = (await eventsOf(operator, id)).length;
    expect((await operator.status()).retention).toMatchObject({ lastRunAt: null });
    await untilSwept(clock, operator);
    await expect(operator.task(id)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    await expect(operator.events({ taskId: id })).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    const again = operator.start({ payload: { text: "short" }, idempotencyKey: "key" });
    await expect(again).rejects.toMatchObject({ code: "TASK_EXPIRED" });
    const { retention, size } = await operator.status();
    expect(retention).toEqual({
      lastRunAt: expect.any(Number) as number,
      removed: { tasks: 1, events, keys: 0, deadLetters: 0, conversations: 0 },
    });
    expect(size.totalBytes).toBeGreaterThanOrEqual(0);
    working.resolve();
    expect(await ended(operator, open.id)).toMatchObject({ status: "completed" });
    expect(runner.turns).toHaveLength(2);
  });

  test("S18 a follower is told of a gap once, before what was kept, and a stranger is told nothing", async () => {
    const { operator, bridge, clock } = await opened();
    await say(operator, "old");
    await untilSwept(clock, operator);
    const client = bridge.as({ type: "client", id: "another" });
    const theirs = await say(client, "theirs");
    const kept = await eventsOf(operator, theirs);
    const seen = await followed(operator, kept.length + 1);
    expect(seen[0]).toMatchObject({ type: "log.gap", after: null });
    expect(seen.slice(1)).toEqual(kept);
    const page = await operator.events({ after: null, limit: 1 });
    expect(page.gap).toEqual(seen[0]);
    expect(page.events).toEqual(kept.slice(0, 1));
    const through = page.gap?.through ?? null;
    expect((await operator.events({ after: through })).gap).toBeNull();
    expect((await client.events({})).gap).toBeNull();
    expect((await followed(client, kept.length)).some(isLogGap)).toBe(false);
  });

  test("who reads a task's events while it is removed is told that it is gone, never of its end", async () => {
    const runner = scriptedRunner(async function* () {
      for (let step = 0; step < 700; step++) yield whole(`${step}`);
      yield completed("done");
    });
    const { operator, clock } = await opened({ runner });
    const id = await say(operator, "long");
    const reading = async (): Promise<number> => {
      let count = 0;
      for await (const _ of operator.attach({ taskId: id }))
        if (++count === 400) await untilSwept(clock, operator);
      return count;
    };
    await expect(reading()).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  test("what is kept for ever is not removed, until other rules are given", async () => {
    const { operator, bridge, clock } = await opened({
      retention: { taskMs: null, maxBytes: null, deadLetterMs: null, conversationMs: null },
    });
    const id = await say(operator, "kept");
    await untilSwept(clock, operator);
    expect(await operator.task(id)).toMatchObject({ status: "completed" });
    bridge.reconfigure({ routes: [], retention: soon });
    await untilSwept(clock, operator);
    await expect(operator.task(id)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  test("for want of room the oldest go before their time, but nothing of the last hour", async () => {
    const { operator, clock } = await opened({ retention: { ...defaultRetention, maxBytes: 1 } });
    const old = await say(operator, "old");
    await untilSwept(clock, operator);
    expect(await operator.task(old)).toMatchObject({ status: "completed" });
    await clock.advance(minuteMs);
    const young = await say(operator, "young");
    await untilSwept(clock, operator);
    await expect(operator.task(old)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    expect(await operator.task(young)).toMatchObject({ status: "completed" });
  });

  test("a conversation that goes on keeps its session, though all that was said in it is gone", async () => {
    const runner = scriptedRunner();
    const { operator, clock } = await opened({ runner });
    const id = await say(operator, "one", { conversation: "room" });
    await untilSwept(clock, operator);
    await say(operator, "two", { conversation: "room" });
    expect(runner.turns.map((turn) => turn.session?.id ?? null)).toEqual([null, `session-${id}`]);
  });

  test("a sweep that fails is logged once and tried again after a pause", async () => {
    let failures = 3;
    const { operator, clock, logger } = await opened({
      wrap: (store) =>
        intercepted(store, ({ name, go }) => {
          if (name !== "retention.removeTasks" || failures === 0) return go();
          failures--;
          return Promise.reject(new Error("The disk is on fire."));
        }),
    });
    await say(operator, "old");
    await untilSwept(clock, operator);
    expect(failures).toBe(0);
    expect((await operator.status()).retention.removed.tasks).toBe(1);
    const told = logger.lines.filter(({ message }) => message.startsWith("Removing what is over"));
    expect(told.map(({ level }) => level)).toEqual(["error", "debug", "debug"]);
  });

  test("one node sweeps at a time", async () => {
    const { operator, clock, store } = await opened();
    const another = { node: "another", boot: "boot" };
    expect(await store.leases.acquire("retention", another, 3 * hourMs)).toBe(true);
    const id = await say(operator, "old");
    await clock.advance(hourMs + 2 * minuteMs);
    expect(await operator.task(id)).toMatchObject({ status: "completed" });
    expect((await operator.status()).retention.lastRunAt).toBeNull();
    await store.leases.release("retention", another);
    await untilSwept(clock, operator);
    await expect(operator.task(id)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  test("a bridge that stops in the middle of a sweep stops at once, and the next one goes on", async () => {
    const clock = manualClock();
    const there = place({ clock });
    const store = await there.open();
    const reached = gate();
    const slow = intercepted(store, ({ name, go }) => {
      if (name === "retention.removeTasks") reached.resolve();
      return go();
    });
    const first = await startBridge(slow, { clock, retention: soon });
    const ids: string[] = [];
    for (const text of ["1", "2", "3"]) ids.push(await say(first.operator, text));
    const passing = clock.advance(minuteMs + 1000);
    await reached.promise;
    await first.bridge.stop();
    await passing;
    const next = makeBridge(await there.open(), { clock, retention: soon });
    await next.bridge.start();
    await untilSwept(clock, next.operator);
    for (const id of ids)
      await expect(next.operator.task(id)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });
});

describe.each(storeCases)("the log of one task on $name", ({ place }) => {
  test("what fills its share is cut with one notice, over all attempts; the answer is kept", async () => {
    const text = "x".repeat(10_000);
    const limits = { logBytes: 100_000 };
    const there = place();
    const talks = (end: Script): Script =>
      async function* (turn, io, call) {
        yield session("s");
        for (let step = 0; step < 20; step++) yield whole(text);
        yield { type: "tool_call", callId: "1", name: "tool", input: null };
        yield* end(turn, io, call);
      };
    const first = scriptedRunner(talks(works()));
    const before = await startBridge(await there.open(), { runner: first, limits });
    const { task } = await before.operator.start({ payload: { text: "talk" } });
    await eventually(async () =>
      expect(await typesOf(before.operator, task.id)).toContain("turn.notice"),
    );
    await before.bridge.stop();
    const second = scriptedRunner(talks(answers(() => "the answer")));
    const { operator } = await startBridge(await there.open(), { runner: second, limits });
    expect(await ended(operator, task.id)).toMatchObject({
      attempt: 2,
      output: { output: "the answer" },
    });
    const events = await eventsOf(operator, task.id);
    const bytes = events.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    expect(bytes).toBeGreaterThan(90_000);
    expect(bytes).toBeLessThan(115_000);
    const told = events.filter(
      (event) => event.type === "turn.notice" && event.data.text.includes("its share"),
    );
    expect(told).toHaveLength(1);
    expect(events.filter(({ type }) => type === "turn.tool_call")).toEqual([]);
    expect(events.slice(-2).map(({ type }) => type)).toEqual([
      "turn.final_answer",
      "task.completed",
    ]);
  });
});
