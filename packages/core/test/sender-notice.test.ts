import { describe, expect, test } from "vitest";
import { defineKind, type RouteInput } from "@agent-bridge/core";
import { settled, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { botKind, kinds } from "./fixtures/kinds.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import { scriptedRunner, works } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const telling: readonly RouteInput[] = [
  { kind: "note", from: ["ann"], runner: "scripted", deadLetters: "tell" },
  { kind: "bot", from: "*", runner: "scripted", deadLetters: "tell" },
];

describe.each(storeCases)("S28 the sender of a dead letter on $name", ({ place }) => {
  test("is told where the route says so, once, and no agent runs", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      routes: telling,
    });
    const large = { from: "ann", text: "x".repeat(300_000) };
    channel.deliver({ id: "large", payload: large });
    channel.deliver({ id: "large", payload: large });
    channel.deliver({ payload: { from: "ann", text: 7 } });
    channel.deliver({ payload: { from: "ann", text: "break the kind" } });
    channel.deliver({ payload: { from: "ann", text: "and this?" } });
    await eventually(() => expect(channel.shown).toHaveLength(4));
    expect(channel.shown.map(({ destination }) => destination)).toEqual(
      Array.from({ length: 4 }, () => ({ room: "ann" })),
    );
    const texts = channel.shown.map(({ text }) => text);
    expect(texts[0]).toContain("it is too large");
    expect(texts[1]).toContain("it could not be read");
    expect(texts[2]).toContain("it could not be read");
    expect(texts[3]).toBe("re: and this?");
    expect(runner.prompts).toEqual(["and this?"]);
    const reasons = (await operator.deadLetters()).items.map(({ reason }) => reason);
    expect(reasons).toEqual(["kind_failed", "payload_invalid", "payload_too_large"]);
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m5" }));
  });

  test("is told that too much is open already, where the route says so, unless it is an agent", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(works());
    const routes = telling.map((route) => ({ ...route, quotas: { principalTasks: 1 } }));
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      routes,
      runner,
    });
    for (const text of ["one", "two"]) channel.deliver({ payload: { from: "ann", text } });
    for (const text of ["one", "two"])
      channel.deliver({ kind: "bot", payload: { from: "robot", text } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(channel.shown).toMatchObject([
      { destination: { room: "ann" }, text: expect.stringContaining("too much is open") as string },
    ]);
    await eventually(async () => {
      const { items } = await operator.deadLetters();
      expect(items.map(({ reason }) => reason)).toEqual(["quota_exceeded", "quota_exceeded"]);
    });
    await eventually(async () => expect((await operator.status()).store.outbox).toBe(0));
    expect(channel.shown).toHaveLength(1);
  });

  test("is told nothing where no route says so, no route allows it, or who it is can not be told", async () => {
    const channel = scriptedChannel();
    const silent = { kind: "note", from: ["bob"], runner: "scripted" };
    const { operator, logger } = await startBridge(await place().open(), {
      channels: [channel],
      routes: [...telling, silent],
    });
    channel.deliver({ payload: { from: "bob", text: 7 } });
    channel.deliver({ payload: { from: "mallory", text: "let me in" } });
    channel.deliver({ payload: { from: "mallory", text: "x".repeat(300_000) } });
    channel.deliver({ kind: "none", payload: { from: "ann", text: "what kind?" } });
    channel.deliver({ payload: { from: ["ann"], text: 7 } });
    await eventually(async () => expect((await operator.deadLetters()).items).toHaveLength(5));
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m5" }));
    expect((await operator.status()).store.outbox).toBe(0);
    expect(channel.shown).toEqual([]);
    const untold = logger.lines.filter(({ message }) => message.startsWith("Who sent a message"));
    expect(untold).toHaveLength(1);
  });

  test("S37 is never told when it is an agent, so that no two bridges tell each other for ever", async () => {
    const channel = scriptedChannel();
    const bot = defineKind({
      ...botKind,
      envelope: () => ({ sender: "robot", destination: { bot: "robot" } }),
    });
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      kinds: [bot, ...kinds.filter(({ name }) => name !== "bot")],
      routes: telling,
      limits: { hops: 1 },
    });
    channel.deliver({ kind: "bot", payload: { from: "robot", text: 7 } });
    for (const text of ["one", "two"])
      channel.deliver({ kind: "bot", payload: { from: "robot", text } });
    await eventually(async () => {
      const { items } = await operator.deadLetters();
      expect(items.map(({ reason }) => reason)).toEqual(["hop_limit", "payload_invalid"]);
    });
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m3" }));
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: one"]);
    expect((await operator.status()).store.outbox).toBe(0);
  });

  test("S08 is told after a restart when the process ended before it could be", async () => {
    const there = place();
    const deaf = scriptedChannel();
    deaf.faults.beforeSend = () => {
      throw failure({ effect: "none" });
    };
    const first = await startBridge(await there.open(), { channels: [deaf], routes: telling });
    deaf.deliver({ payload: { from: "ann", text: 7 } });
    await eventually(() => expect(deaf.acks).toHaveLength(1));
    await first.bridge.stop();
    const channel = scriptedChannel();
    await startBridge(await there.open(), { channels: [channel], routes: telling });
    await eventually(() => expect(channel.shown).toHaveLength(1), { timeout: 15_000 });
  });

  test("S28 sees at the task that its reply could not be delivered, and where it lies", async () => {
    const channel = scriptedChannel();
    channel.faults.beforeSend = () => {
      throw failure({ effect: "none", retryable: false });
    };
    const { bridge, operator } = await startBridge(await place().open(), {
      channels: [channel],
      routes: telling,
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    const ann = bridge.as({ type: "peer", channel: "platform", workspace: "home", id: "ann" });
    const [task] = (await ann.tasks({})).items;
    expect((await settled(ann, task?.id ?? "")).reply).toBe("dead");
    const { events } = await ann.events({ taskId: task?.id ?? "", types: ["reply.failed"] });
    const [letter] = (await operator.deadLetters()).items;
    const reason = expect.stringContaining("it said no") as string;
    expect(events).toMatchObject([{ data: { reason, deadLetterId: letter?.id } }]);
  });
});
