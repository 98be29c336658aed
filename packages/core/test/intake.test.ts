import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BridgeError, type Received } from "@agent-bridge/core";
import { allTasks, everyone, settled, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { manualClock } from "@agent-bridge/testing";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { answers, gate, scriptedRunner } from "./fixtures/scripted-runner.ts";
import { intercepted, severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe.each(storeCases)("intake on $name", ({ place }) => {
  test("S01 a message whose acceptance was not stored is accepted when it comes again", async () => {
    const clock = hurriedClock();
    let refusals = 2;
    const store = intercepted(await place({ clock }).open(), ({ name, go }) => {
      if (name !== "intake.accept" || refusals-- <= 0) return go();
      return Promise.reject(new BridgeError("STORE_FAILED", { detail: "no power" }));
    });
    const channel = scriptedChannel();
    channel.deliver({ id: "a", payload: { from: "ann", text: "hello" } });
    const { operator, runner } = await startBridge(store, {
      channels: [channel],
      clock,
    });
    await eventually(() => expect(channel.shown.map(({ text }) => text)).toEqual(["re: hello"]));
    expect(runner.prompts).toEqual(["hello"]);
    expect(await allTasks(operator)).toHaveLength(1);
  });

  test("S01 a message that was stored and not answered for is neither lost nor run twice", async () => {
    const there = place();
    const first = severable(await there.open());
    const channel = scriptedChannel({ inbox: "queue" });
    channel.deliver({ id: "a", payload: { from: "ann", text: "hello" } });
    const one = await startBridge(first.store, {
      channels: [channel],
      limits: { concurrency: 0 },
      failpoint: (name) => {
        if (name === "accept.after") first.sever();
      },
    });
    await eventually(() => expect(channel.polls).toBe(1));
    await one.bridge.stop();
    expect(one.runner.turns).toHaveLength(0);

    const two = await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.acks).toEqual([{ id: "a" }]));
    expect(two.runner.prompts).toEqual(["hello"]);
    expect(channel.shown).toHaveLength(1);
  });

  test("the poll position is stored with the messages, and polling goes on from there after a restart", async () => {
    const there = place();
    const channel = scriptedChannel();
    const asked: unknown[] = [];
    const receive = channel.receive?.bind(channel);
    channel.receive = async (request) => {
      asked.push(request.after);
      return (await receive?.(request)) as Received;
    };
    channel.deliver({ payload: { from: "ann", text: "1" } });
    channel.deliver({ payload: { from: "ann", text: "2" } });
    const one = await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    await one.bridge.stop();
    channel.deliver({ payload: { from: "ann", text: "3" } });
    await startBridge(await there.open(), { channels: [channel] });
    await eventually(() => expect(channel.shown).toHaveLength(3));
    expect(asked).toEqual([null, 2, 2, 3]);
    // A log is acknowledged up to the highest message below which all are settled.
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m3" }));
  });

  test("a known message starts neither a run nor a send, and is acknowledged again", async () => {
    const clock = hurriedClock();
    const channel = scriptedChannel({ inbox: "queue", readsAhead: true });
    const { operator, runner, logger } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
    });
    channel.deliver({ id: "a", payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    channel.deliver({ id: "b", payload: { from: "ann", text: "other" } });
    await eventually(() => expect(channel.acks).toHaveLength(2));
    channel.faults.receive = () =>
      Promise.resolve({
        deliveries: [
          {
            id: "a",
            kind: "note",
            workspace: "home",
            payload: { from: "ann", text: "a changed body" },
            ack: { id: "a" },
          },
        ],
        next: null,
      });
    channel.deliver({ id: "c", payload: { from: "ann", text: "never received" } });
    await eventually(() => expect(channel.acks.length).toBeGreaterThan(2));
    expect(channel.acks[2]).toEqual({ id: "a" });
    expect(runner.prompts).toEqual(["hello", "other"]);
    expect(await allTasks(operator)).toHaveLength(2);
    expect(channel.shown).toHaveLength(2);
    // The changed body is told, once.
    const told = logger.lines.filter(({ message }) => message.includes("another body"));
    expect(told.map(({ data }) => data)).toEqual([{ channel: "platform", messageId: "a" }]);
  });

  test("a poll that came back empty at once is followed by a pause, which is no back-off", async () => {
    const clock = manualClock();
    const store = await place({ clock }).open();
    const channel = scriptedChannel();
    const { operator } = await startBridge(store, { channels: [channel], clock });
    channel.faults.receive = () => Promise.resolve({ deliveries: [], next: null });
    channel.deliver({ id: "wake", payload: { from: "ann", text: "wake" } });
    await clock.advance(10_500);
    expect(channel.polls).toBeGreaterThanOrEqual(10);
    expect(channel.polls).toBeLessThanOrEqual(14);
    const { channels } = await operator.status();
    expect(channels[0]).toMatchObject({ failures: 0, lastError: null, state: "receiving" });
  });

  test("a queue that shows only its head is received from when the head is settled", async () => {
    const channel = scriptedChannel({ inbox: "queue" });
    const go = gate();
    const runner = scriptedRunner(async function* (turn) {
      if (turn.prompt === "1") await go.promise;
      yield { type: "end", outcome: "completed", output: turn.prompt };
    });
    for (const text of ["1", "2", "3"]) channel.deliver({ payload: { from: text, text } });
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    await eventually(() => expect(runner.prompts).toEqual(["1"]));
    await eventually(async () =>
      expect((await operator.status()).channels[0]?.state).toBe("waiting"),
    );
    expect(channel.polls).toBe(1);
    go.resolve();
    await eventually(() => expect(channel.acks).toHaveLength(3));
    expect(runner.prompts).toEqual(["1", "2", "3"]);
    expect(runner.mostActive).toBe(1);
  });

  test("a queue that can be read ahead runs its conversations side by side", async () => {
    const channel = scriptedChannel({ inbox: "queue", readsAhead: true });
    const go = gate();
    const runner = scriptedRunner(async function* (turn) {
      await go.promise;
      yield { type: "end", outcome: "completed", output: turn.prompt };
    });
    for (const from of ["ann", "bob", "cid"]) channel.deliver({ payload: { from, text: from } });
    await startBridge(await place().open(), { channels: [channel], runner });
    await eventually(() => expect(runner.active).toBe(3));
    go.resolve();
    await eventually(() => expect(channel.acks).toHaveLength(3));
  });

  test("S37 two agents that answer each other are cut off at the hop limit, until a person writes", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      limits: { hops: 3 },
      routes: [...everyone],
    });
    const bot = (text: string): string =>
      channel.deliver({ kind: "bot", payload: { from: "robo", text } });
    for (const text of ["1", "2", "3", "4", "5"]) bot(text);
    await eventually(() => expect(channel.shown).toHaveLength(3));
    await eventually(async () => expect((await operator.status()).since.hopLimited).toBe(2));
    expect(runner.prompts).toEqual(["1", "2", "3"]);
    const letters = await operator.deadLetters();
    expect(letters.items.map(({ reason }) => reason)).toEqual(["hop_limit", "hop_limit"]);
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m5" }));

    channel.deliver({ payload: { from: "ann", text: "carry on" } });
    bot("6");
    await eventually(() => expect(runner.prompts).toContain("6"));
  });

  test("a report on a delivered reply is noted there, without a run", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), { channels: [channel] });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    const [task] = await allTasks(operator);
    await settled(operator, task?.id ?? "");
    const about = `ref-${channel.shown[0]?.idempotencyKey}`;
    channel.deliver({ id: "r1", kind: "report", payload: { about, text: "it was read" } });
    channel.deliver({ id: "r2", kind: "report", payload: { about: "ref-x", text: "unknown" } });
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "r2" }));
    const { events } = await operator.events({ taskId: task?.id ?? "", types: ["reply.noted"] });
    expect(events.map(({ data }) => data)).toEqual([{ text: "it was read" }]);
    expect(runner.turns).toHaveLength(1);
    const letters = await operator.deadLetters();
    expect(letters.items.map(({ messageId, reason }) => [messageId, reason])).toEqual([
      ["r2", "not_allowed"],
    ]);
  });
});

describe.each(storeCases)("what can not be handled, on $name", ({ place }) => {
  test.each([
    ["kind_unknown", { kind: "letter", payload: { text: "?" } }],
    ["payload_invalid", { payload: { from: "ann" } }],
    ["payload_too_large", { payload: { from: "ann", text: "x".repeat(300 * 1024) } }],
    ["payload_too_large", { payload: JSON.parse(nested(10_000)) as string }],
    ["kind_failed", { payload: { from: "ann", text: "break the kind" } }],
    ["not_allowed", { payload: { from: "eve", text: "let me in" } }],
  ] as const)("S06 a message becomes a dead letter: %s (%#)", async (reason, message) => {
    const channel = scriptedChannel();
    const isDeep = Array.isArray(message.payload);
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      routes: [{ kind: "note", from: ["ann"], runner: "scripted" }],
    });
    const id = channel.deliver(message);
    channel.deliver({ id: "after", payload: { from: "ann", text: "the next" } });
    await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "after" }));
    expect(runner.prompts).toEqual(["the next"]);
    const { items } = await operator.deadLetters();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason, messageId: id, channel: "platform", taskId: null });
    // JSON.stringify can not write the deepest one.
    const whole = isDeep ? nested(10_000) : JSON.stringify(message.payload);
    const sha256 = createHash("sha256").update(whole).digest("hex");
    const payload = whole.slice(0, 256 * 1024);
    expect(items[0]).toMatchObject({ payload, bytes: whole.length, sha256 });
    expect(items[0]?.detail).not.toBe("");
  });

  test("control characters and half of an emoji go through to the runner and back", async () => {
    const channel = scriptedChannel();
    const text = "null \u0000 bell \u0007 escape \u001b[31m half \ud83d end";
    const { runner } = await startBridge(await place().open(), { channels: [channel] });
    channel.deliver({ payload: { from: "ann", text } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(runner.prompts[0]?.slice(0, 20)).toBe(text.slice(0, 20));
    expect(channel.shown[0]?.text.startsWith("re: null \u0000 bell \u0007")).toBe(true);
  });

  test("a sender whom the platform does not name has a conversation without memory", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      routes: [
        { kind: "note", from: ["ann"], runner: "scripted" },
        { kind: "note", from: "*", runner: "scripted" },
      ],
    });
    channel.deliver({ payload: { from: null, text: "1" } });
    channel.deliver({ payload: { from: null, text: "2" } });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    expect(runner.turns.map((turn) => turn.session)).toEqual([null, null]);
    const { items } = await operator.conversations();
    expect(items.map(({ key }) => key)).toEqual(["activity:m2", "activity:m1"]);
    expect(items.map(({ sessions }) => sessions)).toEqual([[], []]);
  });

  test("accepted work keeps the rules that it was accepted under", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = severable(await there.open());
    const accepted = gate();
    const old = await startBridge(first.store, {
      channels: [channel],
      routes: [{ kind: "note", from: "*", runner: "scripted", options: { mode: "old" } }],
      limits: { concurrency: 0 },
      failpoint: (name) => {
        if (name !== "accept.after") return;
        first.sever();
        accepted.resolve();
      },
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await accepted.promise;
    await old.bridge.stop();
    // The new table routes nothing to this runner any more, and the kind is gone.
    const now = await startBridge(await there.open(), {
      channels: [channel],
      kinds: [],
      routes: [{ kind: "prompt", from: "*", runner: "scripted", options: { mode: "new" } }],
    });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(now.runner.turns[0]?.options).toEqual({ mode: "old" });
  });
});

describe.each(storeCases)("a platform that misbehaves, on $name", ({ place }) => {
  test("S33 an hour of malformed answers costs pauses and one warning, and stores nothing", async () => {
    const clock = manualClock();
    const channel = scriptedChannel();
    const malformed: (() => unknown)[] = [
      () => "<html>Bad Gateway</html>",
      () => ({ deliveries: "none" }),
      () => {
        throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel: "platform", detail: "no id" });
      },
      () => Promise.reject(new Error("socket hang up")),
      () => null,
    ];
    channel.faults.receive = (poll) =>
      Promise.resolve().then(() => malformed[poll % malformed.length]?.() as Received);
    const { operator, runner, logger } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
    });
    await clock.advance(60 * 60_000);
    // 1, 2, 4, 8, 16, 32 seconds, and then once a minute.
    expect(channel.polls).toBeGreaterThanOrEqual(60);
    expect(channel.polls).toBeLessThanOrEqual(67);
    expect(logger.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(await allTasks(operator)).toEqual([]);
    expect((await operator.deadLetters()).items).toEqual([]);
    expect(channel.acks).toEqual([]);
    expect((await operator.status()).channels[0]).toMatchObject({ state: "backing_off" });

    delete channel.faults.receive;
    channel.deliver({ payload: { from: "ann", text: "at last" } });
    await clock.advance(61_000);
    expect(runner.prompts).toEqual(["at last"]);
    expect((await operator.status()).channels[0]).toMatchObject({ failures: 0, lastError: null });
  });

  test("a poll that never comes back is given up, and the channel is polled again", async () => {
    const clock = hurriedClock(100);
    const channel = scriptedChannel();
    channel.faults.receive = (poll) => (poll === 1 ? new Promise(() => undefined) : undefined);
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    const { logger } = await startBridge(await place({ clock }).open(), {
      channels: [channel],
      clock,
      limits: { waitMs: 5000 },
    });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: "Polling failed; trying again" }),
    );
  });

  test("an answer to a question that the kind can not read is a dead letter, not a stuck inbox", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (turn, io) {
      if (turn.prompt !== "ask me") return yield* answers(() => "done")(turn, io, 0);
      const { action } = await io.ask({ type: "approval", title: "May I?", details: {} });
      yield { type: "end", outcome: "completed", output: action };
    });
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ payload: { from: "ann", text: "ask me" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    channel.deliver({ payload: { from: "ann", text: "break the answer" } });
    channel.deliver({ payload: { from: "ann", text: "yes" } });
    await eventually(() => expect(channel.shown.at(-1)?.text).toBe("accept"));
    expect((await operator.deadLetters()).items[0]?.reason).toBe("kind_failed");
  });
});
