import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type DeadLetter, defineKind, type Handle } from "@agent-bridge/core";
import { allTasks, everyone, settled, startBridge, typesOf } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { botKind } from "./fixtures/kinds.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** Takes up a dead letter that belongs to a task. */
async function takenUp(operator: Handle, letter: DeadLetter | undefined): Promise<string> {
  const { taskId } = await operator.retryDeadLetter(letter?.id ?? "");
  return taskId ?? "";
}

describe.each(storeCases)("dead letters on $name", ({ place }) => {
  test("S06 a reply that was given up can be sent again, under the key that it had", async () => {
    const channel = scriptedChannel();
    const keys: string[] = [];
    channel.faults.beforeSend = ({ idempotencyKey }) => {
      keys.push(idempotencyKey);
      if (keys.length === 1) throw failure({ effect: "none", retryable: false });
    };
    const { operator, runner } = await startBridge(await place().open(), { channels: [channel] });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(async () => expect((await operator.deadLetters()).items).toHaveLength(1));
    const [letter] = (await operator.deadLetters()).items;
    expect(letter).toMatchObject({ reason: "reply_refused", payload: "re: hello" });

    const taskId = await takenUp(operator, letter);
    expect((await settled(operator, taskId)).reply).toBe("delivered");
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: hello"]);
    expect(keys[1]).toBe(keys[0]);
    expect((await operator.deadLetters()).items).toEqual([]);
    expect(runner.turns).toHaveLength(1);
    const types = await typesOf(operator, taskId);
    expect(types.slice(-3)).toEqual(["task.completed", "reply.failed", "reply.delivered"]);
  });

  test("S06 a message that was put aside can be taken up when a route allows it, and is replied to", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = await startBridge(await there.open(), { channels: [channel], routes: [] });
    channel.deliver({ workspace: "ws-1", payload: { from: "ann", text: "let me in" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    const [letter] = (await first.operator.deadLetters()).items;
    expect(letter).toMatchObject({ reason: "not_allowed", workspace: "ws-1" });
    const refused = first.operator.retryDeadLetter(letter?.id ?? "");
    await expect(refused).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect((await first.operator.deadLetters()).items).toHaveLength(1);
    await first.bridge.stop();

    const { operator } = await startBridge(await there.open(), { channels: [channel] });
    const taskId = await takenUp(operator, letter);
    expect((await settled(operator, taskId)).reply).toBe("delivered");
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: let me in"]);
    expect((await operator.deadLetters()).items).toEqual([]);
  });

  test("S37 a message over the hop limit goes on when a person takes it up", async () => {
    const channel = scriptedChannel();
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      limits: { hops: 1 },
    });
    for (const text of ["one", "two"])
      channel.deliver({ kind: "bot", payload: { from: "robot", text } });
    await eventually(async () => expect((await operator.deadLetters()).items).toHaveLength(1));
    const [letter] = (await operator.deadLetters()).items;
    expect(letter?.reason).toBe("hop_limit");
    const taskId = await takenUp(operator, letter);
    await settled(operator, taskId);
    expect(channel.shown.map(({ text }) => text)).toEqual(["re: one", "re: two"]);
  });

  test("S37 so does one that could be the report on a reply, and is not", async () => {
    const channel = scriptedChannel();
    const kinds = [defineKind({ ...botKind, reportsOn: () => "unknown" })];
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      kinds,
      routes: [{ kind: "bot", from: "*", runner: "scripted" }],
      limits: { hops: 1 },
    });
    for (const text of ["one", "two"])
      channel.deliver({ kind: "bot", payload: { from: "robot", text } });
    await eventually(async () => expect((await operator.deadLetters()).items).toHaveLength(1));
    const [letter] = (await operator.deadLetters()).items;
    const taskId = await takenUp(operator, letter);
    await settled(operator, taskId);
    expect(runner.prompts).toEqual(["one", "two"]);
    expect((await operator.deadLetters()).items).toEqual([]);
  });

  test("a reply that is taken up waits for the one of its line that is on its way", async () => {
    const channel = scriptedChannel();
    const gate = Promise.withResolvers<void>();
    channel.faults.beforeSend = async ({ text }) => {
      if (text === "re: first" && channel.shown.length === 0)
        throw failure({ effect: "none", retryable: false });
      if (text === "re: second") await gate.promise;
    };
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      routes: [...everyone],
    });
    channel.deliver({ payload: { from: "ann", text: "first" } });
    await eventually(async () => expect((await operator.deadLetters()).items).toHaveLength(1));
    channel.deliver({ payload: { from: "ann", text: "second" } });
    await eventually(async () => expect((await allTasks(operator))[1]?.reply).toBe("sending"));
    await operator.retryDeadLetter((await operator.deadLetters()).items[0]?.id ?? "");
    gate.resolve();
    await eventually(() =>
      expect(channel.shown.map(({ text }) => text)).toEqual(["re: second", "re: first"]),
    );
  });

  test("S26 a message of 10 MB costs no run, is kept with its true size and hash, and says why it stays", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), { channels: [channel] });
    const payload = { from: "ann", text: "Grüße! ".repeat(1_500_000) };
    channel.deliver({ payload });
    channel.deliver({ payload: { from: "ann", text: "small" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(runner.prompts).toEqual(["small"]);
    const whole = JSON.stringify(payload);
    const [letter] = (await operator.deadLetters()).items;
    expect(letter).toMatchObject({
      reason: "payload_too_large",
      bytes: Buffer.byteLength(whole),
      sha256: createHash("sha256").update(whole).digest("hex"),
      kind: "note",
      messageId: "m1",
    });
    const { length } = Buffer.from(letter?.payload ?? "");
    expect(length).toBeGreaterThan(256 * 1024 - 4);
    expect(length).toBeLessThanOrEqual(256 * 1024);
    expect(whole.startsWith(letter?.payload ?? "none")).toBe(true);
    await expect(operator.retryDeadLetter(letter?.id ?? "")).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining("only the first part") as string,
    });
    expect((await operator.deadLetters()).items).toHaveLength(1);
    expect(await operator.dropDeadLetters([letter?.id ?? ""])).toEqual({ dropped: [letter?.id] });
    expect((await operator.deadLetters()).items).toEqual([]);
  });

  test("of what nobody may send, only so much is kept; the status counts the rest", async () => {
    const channel = scriptedChannel();
    const routes = [{ kind: "note", from: ["ann"], runner: "scripted" }];
    const { operator } = await startBridge(await place().open(), { channels: [channel], routes });
    const text = "x".repeat(200_000);
    // 64 MiB hold 335 of them.
    for (let number = 0; number < 350; number++)
      channel.deliver({ payload: { from: "mallory", text } });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1), { timeout: 20_000 });
    const { store } = await operator.status();
    expect(store.deadLetters).toBe(335);
    expect(store.onlyCounted).toEqual([{ channel: "platform", reason: "not_allowed", count: 15 }]);
  });

  test("what is not there, and what belongs to the operator alone, is not found", async () => {
    const { bridge, operator } = await startBridge(await place().open());
    await expect(operator.retryDeadLetter("dead_none")).rejects.toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
    const client = bridge.as({ type: "client", id: "local" });
    await expect(client.retryDeadLetter("dead_none")).rejects.toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
  });
});
