import { describe, expect, test } from "vitest";
import { allTasks, everyone, settled, startBridge, typesOf } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import { severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const dropping = everyone.map((route) => ({ ...route, unknownReply: "drop" as const }));

describe.each(storeCases)("delivery on $name", ({ place }) => {
  test("S07 a crash after the send and before it is noted repeats the send with the same key, never the run", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = severable(await there.open());
    const old = await startBridge(first.store, {
      channels: [channel],
      failpoint: (name) => {
        if (name === "send.after") first.sever();
      },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    await old.bridge.stop();

    const { operator, runner } = await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    const keys = channel.shown.map(({ idempotencyKey }) => idempotencyKey);
    expect(keys[0]).toBe(keys[1]);
    expect(runner.turns).toHaveLength(0);
    const [task] = await allTasks(operator);
    await settled(operator, task?.id ?? "");
    const { events } = await operator.events({ types: ["reply.delivered"] });
    expect(events.map(({ data }) => data)).toEqual([{ repeated: true }]);
    expect((await operator.status()).since.repeatedReplies).toBe(1);
    await eventually(() => expect(channel.acks).toEqual([{ id: "m1" }]));
  });

  test("S07 where the channel deduplicates the repeat is not seen, and not marked as one", async () => {
    const there = place();
    const channel = scriptedChannel({ deduplicates: true });
    const first = severable(await there.open());
    const old = await startBridge(first.store, {
      channels: [channel],
      failpoint: (name) => {
        if (name === "send.after") first.sever();
      },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    await old.bridge.stop();
    const { operator } = await startBridge(await there.open(), {
      channels: [channel],
      routes: dropping,
    });
    await eventually(() => expect(channel.acks).toEqual([{ id: "m1" }]));
    expect(channel.shown).toHaveLength(1);
    const { events } = await operator.events({ types: ["reply.delivered"] });
    expect(events.map(({ data }) => data)).toEqual([{ repeated: false }]);
  });

  test("S07 where the route says drop, a reply whose send is unknown is not repeated but a dead letter", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = severable(await there.open());
    const old = await startBridge(first.store, {
      channels: [channel],
      routes: dropping,
      failpoint: (name) => {
        if (name === "send.after") first.sever();
      },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    await old.bridge.stop();
    const { operator } = await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.acks).toEqual([{ id: "m1" }]));
    expect(channel.shown).toHaveLength(1);
    expect((await operator.deadLetters()).items[0]).toMatchObject({ reason: "reply_dropped" });
  });

  test("S08 a crash after the answer is stored and before it is sent sends it once, without a run", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = severable(await there.open());
    const mute = { ...channel, send: undefined };
    const old = await startBridge(first.store, {
      channels: [{ ...mute, receive: channel.receive } as never],
      failpoint: (name) => {
        if (name === "finish.after") first.sever();
      },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(old.runner.turns).toHaveLength(1));
    await eventually(() => expect(old.runner.active).toBe(0));
    await old.bridge.stop();
    const { operator, runner } = await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.acks).toEqual([{ id: "m1" }]));
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: hello"]);
    expect(runner.turns).toHaveLength(0);
    const [task] = await allTasks(operator);
    expect((await typesOf(operator, task?.id ?? "")).slice(-2)).toEqual([
      "task.completed",
      "reply.delivered",
    ]);
  });

  test("replies to one destination are sent in order, and another destination does not wait", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel();
    let failing = true;
    channel.faults.beforeSend = ({ destination }) => {
      if (failing && JSON.stringify(destination).includes("ann")) throw failure({ effect: "none" });
    };
    await startBridge(await place({ clock }).open(), { channels: [channel], clock });
    for (const text of ["1", "2", "3"]) channel.deliver({ payload: { from: "ann", text } });
    channel.deliver({ payload: { from: "bob", text: "b" } });
    await eventually(() => expect(channel.shown.map(({ text }) => text)).toEqual(["re: b"]));
    failing = false;
    await eventually(() => expect(channel.shown).toHaveLength(4));
    expect(channel.shown.slice(1).map(({ text }) => text)).toEqual(["re: 1", "re: 2", "re: 3"]);
  });

  test("a send that surely had no effect is tried again, and is no repeat", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel();
    let left = 2;
    const keys = new Set<string>();
    channel.faults.beforeSend = ({ idempotencyKey }) => {
      keys.add(idempotencyKey);
      if (left-- > 0) throw failure({ effect: "none" });
    };
    const { operator } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(keys.size).toBe(1);
    const { events } = await operator.events({ types: ["reply.delivered"] });
    expect(events.map(({ data }) => data)).toEqual([{ repeated: false }]);
  });

  test("a send that may have arrived is repeated by default, and marked", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel();
    let left = 1;
    channel.faults.afterSend = () => {
      if (left-- > 0) throw failure({ effect: "unknown" });
    };
    const { operator } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(channel.shown).toHaveLength(2);
    const { events } = await operator.events({ types: ["reply.delivered"] });
    expect(events.map(({ data }) => data)).toEqual([{ repeated: true }]);
  });

  test("a send that may have arrived is dropped where the route says so", async () => {
    const channel = scriptedChannel();
    channel.faults.afterSend = () => {
      throw failure({ effect: "unknown" });
    };
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      routes: dropping,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(channel.shown).toHaveLength(1);
    const [task] = await allTasks(operator);
    expect(task).toMatchObject({ status: "completed", reply: "dead" });
    expect((await operator.deadLetters()).items[0]).toMatchObject({
      reason: "reply_dropped",
      taskId: task?.id,
      payload: "re: hello",
    });
  });

  test("S28 a reply that is refused for good is a dead letter with its text, and the next goes on", async () => {
    const channel = scriptedChannel();
    channel.faults.beforeSend = ({ text }) => {
      if (text === "re: 1")
        throw failure({ effect: "none", retryable: false, detail: "no such room" });
    };
    const { operator } = await startBridge(await place().open(), { channels: [channel] });
    for (const text of ["1", "2"]) channel.deliver({ payload: { from: "ann", text } });
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m2" }));
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: 2"]);
    const { items } = await operator.deadLetters();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason: "reply_refused", payload: "re: 1" });
    expect(items[0]?.detail).toContain("no such room");
    const [task] = await allTasks(operator);
    expect(task).toMatchObject({ status: "completed", reply: "dead" });
    expect((await typesOf(operator, task?.id ?? "")).at(-1)).toBe("reply.failed");
  });

  test("S28 a reply that can not be delivered in time is a dead letter, and its message acknowledged", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel();
    channel.faults.beforeSend = () => {
      throw failure({ effect: "none", detail: "the platform is down" });
    };
    const { operator } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
      limits: { replyMs: 5000 },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect((await operator.deadLetters()).items[0]).toMatchObject({ reason: "reply_expired" });
    const { events } = await operator.events({ types: ["reply.failed"] });
    expect(events[0]?.data).toMatchObject({
      reason: expect.stringContaining("the platform is down"),
    });
  });

  test("a send that never comes back is given up and tried again", async () => {
    const clock = hurriedClock(200);
    const channel = scriptedChannel();
    let tries = 0;
    channel.faults.beforeSend = () =>
      ++tries === 1 ? new Promise(() => undefined) : Promise.resolve();
    await startBridge(await place({ clock }).open(), { channels: [channel], clock });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(tries).toBe(2);
  });

  test("an acknowledgement that fails costs neither a run nor a reply", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel();
    let left = 2;
    channel.faults.ack = () => {
      if (left-- > 0) throw failure({ operation: "ack", effect: "unknown" });
    };
    const { runner } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(runner.turns).toHaveLength(1);
    expect(channel.shown).toHaveLength(1);
  });

  test("a channel that fails to say whether it deduplicates is sent to all the same", async () => {
    const channel = scriptedChannel();
    const broken = {
      ...channel,
      deduplicates: () => {
        throw new Error("no idea");
      },
    };
    const { operator } = await startBridge(await place().open(), {
      channels: [broken],
      routes: dropping,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    await eventually(async () => expect((await allTasks(operator))[0]?.reply).toBe("delivered"));
  });
});
