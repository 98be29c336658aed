import { describe, expect, test } from "vitest";
import { type Handle, isBridgeError, type StartRequest } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { allTasks, ended, everyone, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { completed, gate, scriptedRunner, untilAborted } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const day = 24 * 3_600_000;
const ann = { type: "client", id: "ann" } as const;
const bob = { type: "client", id: "bob" } as const;

/** A runner whose turns end when the test says so. */
function heldRunner(): { runner: ReturnType<typeof scriptedRunner>; go: () => void } {
  const { promise, resolve } = gate();
  const runner = scriptedRunner(async function* (turn, io) {
    await Promise.race([promise, untilAborted(io.signal).catch(() => undefined)]);
    yield completed(`re: ${turn.prompt}`);
  });
  return { runner, go: resolve };
}

/** What a request is refused with; null when it is not. */
async function refusal(handle: Handle, request: Partial<StartRequest> = {}): Promise<unknown> {
  try {
    await handle.start({ payload: { text: "hello" }, ...request });
    return null;
  } catch (error) {
    if (!isBridgeError(error)) throw error;
    return { code: error.code, retryable: error.retryable, ...error.data };
  }
}

describe.each(storeCases)("quotas on $name", ({ place }) => {
  test("a principal with too much open is told what and how much; a retry by key still finds its task", async () => {
    const { runner, go } = heldRunner();
    const limits = { quotas: { principalTasks: 2 } };
    const { bridge } = await startBridge(await place().open(), { runner, limits });
    const [mine, hers] = [bridge.as(ann), bridge.as(bob)];
    const first = await mine.start({ payload: { text: "one" }, idempotencyKey: "k" });
    await mine.start({ payload: { text: "two" } });
    const over = {
      code: "QUOTA_EXCEEDED",
      retryable: true,
      what: "open tasks of this sender",
      limit: 2,
    };
    expect(await refusal(mine, { idempotencyKey: "new" })).toEqual(over);
    expect(await mine.start({ payload: { text: "one" }, idempotencyKey: "k" })).toMatchObject({
      created: false,
      task: { id: first.task.id },
    });
    expect(await refusal(hers)).toBeNull();
    go();
    await ended(mine, first.task.id);
    expect(await refusal(mine, { idempotencyKey: "new" })).toBeNull();
  });

  test("a conversation has a cap of its own, and so has going on in it", async () => {
    const { runner } = heldRunner();
    const limits = { quotas: { conversationTasks: 1 } };
    const { bridge } = await startBridge(await place().open(), { runner, limits });
    const mine = bridge.as(ann);
    await mine.start({ payload: { text: "one" }, conversation: "a" });
    const full = { code: "QUOTA_EXCEEDED", what: "open tasks in this conversation", limit: 1 };
    expect(await refusal(mine, { conversation: "a" })).toMatchObject(full);
    expect(await refusal(mine, { conversation: "b" })).toBeNull();
  });

  test("bytes count by the request as a whole", async () => {
    const { runner } = heldRunner();
    const limits = { quotas: { principalBytes: 1000 } };
    const { bridge } = await startBridge(await place().open(), { runner, limits });
    const mine = bridge.as(ann);
    expect(await refusal(mine, { payload: { text: "x".repeat(500) } })).toMatchObject({
      what: "bytes of this sender's open tasks",
      limit: 1000,
    });
    expect(await refusal(mine, { payload: { text: "x".repeat(450) } })).toBeNull();
  });

  test("the operator, who sets the quotas, is not bound by them", async () => {
    const { runner } = heldRunner();
    const quotas = { principalTasks: 1, conversationTasks: 1, messages: 1 };
    const { operator } = await startBridge(await place().open(), { runner, limits: { quotas } });
    for (const _ of [1, 2, 3]) expect(await refusal(operator, { conversation: "a" })).toBeNull();
  });

  test("a route may have other quotas than the bridge", async () => {
    const { runner } = heldRunner();
    const limits = { quotas: { principalTasks: 1 } };
    const routes = everyone.map((route) =>
      route.kind === "prompt" ? { ...route, quotas: { principalTasks: 2 } } : route,
    );
    const { bridge } = await startBridge(await place().open(), { runner, limits, routes });
    const mine = bridge.as(ann);
    expect([await refusal(mine), await refusal(mine)]).toEqual([null, null]);
    expect(await refusal(mine)).toMatchObject({ limit: 2 });
    const note = { kind: "note", payload: { from: "ann", text: "hello" } };
    expect(await refusal(mine, note)).toMatchObject({ limit: 1 });
  });

  test("new quotas hold at once, the rate as well", async () => {
    const { runner } = heldRunner();
    const parts = { routes: [...everyone], limits: { quotas: { principalTasks: 1 } } };
    const { bridge } = await startBridge(await place().open(), { runner, ...parts });
    const mine = bridge.as(ann);
    expect([await refusal(mine), await refusal(mine)]).toMatchObject([null, { limit: 1 }]);
    bridge.reconfigure({ ...parts, limits: { quotas: { messages: 3, windowMs: day } } });
    expect([await refusal(mine), await refusal(mine)]).toMatchObject([null, { limit: 3 }]);
    bridge.reconfigure({ ...parts, limits: {} });
    expect(await refusal(mine)).toBeNull();
  });

  test("S06 a channel's message beyond a quota is put aside, acknowledged, and runs when the operator says so", async () => {
    const { runner, go } = heldRunner();
    const channel = scriptedChannel({ inbox: "queue", readsAhead: true });
    for (const text of ["1", "2", "3"]) channel.deliver({ payload: { from: "ann", text } });
    channel.deliver({ payload: { from: "bob", text: "mine" } });
    const limits = { quotas: { principalTasks: 2 } };
    const { operator, logger } = await startBridge(await place().open(), {
      runner,
      limits,
      channels: [channel],
    });
    await eventually(() => expect(channel.acks).toEqual([{ id: "m3" }]));
    const { items } = await operator.deadLetters();
    expect(items).toMatchObject([
      {
        reason: "quota_exceeded",
        detail: "The limit of 2 open tasks of this sender is reached.",
        messageId: "m3",
        payload: JSON.stringify({ from: "ann", text: "3" }),
      },
    ]);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: "A message became a dead letter" }),
    );
    // Also while everything is still full.
    const { taskId } = await operator.retryDeadLetter(items[0]?.id ?? "");
    go();
    expect(await ended(operator, taskId ?? "")).toMatchObject({ output: { output: "re: 3" } });
    await eventually(() =>
      expect(channel.shown.map(({ text }) => text).toSorted()).toEqual(
        ["re: 1", "re: 2", "re: 3", "re: mine"].toSorted(),
      ),
    );
    expect((await operator.deadLetters()).items).toEqual([]);
  });
});

describe.each(storeCases)("the rate of messages on $name", ({ place }) => {
  const rate = { messages: 3, windowMs: 6_000 };

  test("S36 a principal that sends too fast is told when to try again, whatever the wall clock does", async () => {
    const clock = manualClock();
    const store = await place({ clock }).open();
    const { bridge } = await startBridge(store, { clock, limits: { quotas: rate } });
    const [mine, hers] = [bridge.as(ann), bridge.as(bob)];
    for (const _ of [1, 2, 3]) expect(await refusal(mine)).toBeNull();
    const over = { code: "QUOTA_EXCEEDED", what: "messages in 6 s", limit: 3 };
    expect(await refusal(mine)).toMatchObject({ ...over, retryAfterMs: 2_000 });
    expect(await refusal(hers)).toBeNull();
    for (const jump of [day, -2 * day]) {
      clock.jump(jump);
      expect(await refusal(mine)).toMatchObject({ ...over, retryAfterMs: 2_000 });
    }
    await clock.advance(1_999);
    expect(await refusal(mine)).toMatchObject({ retryAfterMs: 1 });
    await clock.advance(1);
    expect([await refusal(mine), await refusal(mine)]).toMatchObject([null, over]);
    await clock.advance(6_000);
    for (const _ of [1, 2, 3]) expect(await refusal(mine)).toBeNull();
    expect(await refusal(mine)).toMatchObject(over);
  });

  test("what is too large costs no message, what can not be read does", async () => {
    const limits = { messageBytes: 100, quotas: { messages: 1, windowMs: day } };
    const { bridge } = await startBridge(await place().open(), { limits });
    const mine = bridge.as(ann);
    const large = { payload: { text: "x".repeat(200) } };
    expect(await refusal(mine, large)).toMatchObject({ code: "INPUT_TOO_LARGE" });
    expect(await refusal(mine, { payload: 5 })).toMatchObject({ code: "INPUT_INVALID" });
    expect(await refusal(mine, { payload: 5 })).toMatchObject({ code: "QUOTA_EXCEEDED" });
    expect(await refusal(mine, large)).toMatchObject({ code: "INPUT_TOO_LARGE" });
  });

  test("S04 a channel that brings too much is polled later: nothing is lost, and nothing has failed", async () => {
    const clock = manualClock();
    const channel = scriptedChannel();
    let polls = 0;
    channel.faults.receive = () => {
      const number = ++polls;
      const text = String(number);
      const delivery = { id: text, kind: "note", workspace: "home", ack: { id: text } };
      const payload = { from: "ann", room: text, text };
      return Promise.resolve({ deliveries: [{ ...delivery, payload }], next: number });
    };
    const { operator } = await startBridge(await place({ clock }).open(), {
      clock,
      channels: [channel],
      limits: { quotas: rate },
    });
    const state = async (): Promise<unknown> => (await operator.status()).channels[0];
    await eventually(async () => expect(await state()).toMatchObject({ state: "waiting" }));
    expect(await allTasks(operator)).toHaveLength(3);
    clock.jump(day);
    await clock.advance(1_900);
    expect(polls).toBe(3);
    expect(await state()).toMatchObject({ failures: 0, lastError: null });
    await clock.advance(100);
    await eventually(async () => expect(await allTasks(operator)).toHaveLength(4));
    await clock.advance(6_000);
    await eventually(async () => expect(await allTasks(operator)).toHaveLength(7));
    expect((await operator.deadLetters()).items).toEqual([]);
  });
});
