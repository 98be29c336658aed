import { describe, expect, test } from "vitest";
import { allTasks, ended, startBridge } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { completed, gate, scriptedRunner, session } from "./fixtures/scripted-runner.ts";
import { intercepted, severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** Ten times as fast: what is made up for after a second takes a tenth. */
const clock = hurriedClock(10);

const pauseMs = async (ms: number): Promise<void> =>
  await new Promise((resolve) => void setTimeout(resolve, ms));

describe.each(storeCases)("lanes on $name", ({ place }) => {
  test("S31 a burst of 20 messages in one conversation makes 20 turns and 20 replies, in order", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (turn) {
      await pauseMs(15);
      yield completed(turn.prompt);
    });
    await startBridge(await place().open(), { channels: [channel], runner });
    const texts = Array.from({ length: 20 }, (_, index) => String(index));
    for (const text of texts) {
      channel.deliver({ payload: { from: "ann", text } });
      await pauseMs(3);
    }
    await eventually(() => expect(channel.shown).toHaveLength(20));
    expect(runner.prompts).toEqual(texts);
    expect(channel.shown.map(({ text }) => text)).toEqual(texts);
    expect(runner.mostActive).toBe(1);
  });

  test("conversations run side by side, up to the limit", async () => {
    const go = gate();
    const runner = scriptedRunner(async function* (turn) {
      await go.promise;
      yield completed(turn.prompt);
    });
    const { operator } = await startBridge(await place().open(), {
      runner,
      limits: { concurrency: 3 },
    });
    const started = await Promise.all(
      ["a", "b", "c", "d", "e"].map(async (text) => await operator.start({ payload: { text } })),
    );
    await eventually(() => expect(runner.active).toBe(3));
    go.resolve();
    for (const { task } of started) await ended(operator, task.id);
    expect(runner.mostActive).toBe(3);
  });

  test("S03 a message that arrives while the lane before it is released is run", async () => {
    const channel = scriptedChannel();
    let isFirst = true;
    const store = intercepted(await place().open(), ({ name, go }) => {
      if (name !== "work.finish" || !isFirst) return go();
      isFirst = false;
      channel.deliver({ payload: { from: "ann", text: "in between" } });
      return go();
    });
    const { runner } = await startBridge(store, { channels: [channel] });
    channel.deliver({ payload: { from: "ann", text: "first" } });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    expect(runner.prompts).toEqual(["first", "in between"]);
  });

  test("S05 a poison message at the head of a lane does not keep the next ones", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (turn) {
      yield session("s");
      if (turn.prompt === "poison") throw new Error("It killed me.");
      yield completed(turn.prompt);
    });
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ payload: { from: "ann", text: "poison" } });
    channel.deliver({ payload: { from: "ann", text: "water" } });
    await eventually(() => expect(channel.shown).toHaveLength(2));
    expect(channel.shown.map(({ text }) => text)).toEqual([
      "scripted failed: It killed me.",
      "water",
    ]);
    const [poison] = await allTasks(operator);
    expect(poison).toMatchObject({ status: "failed", error: { code: "runner_failed" } });
  });

  test("S09 a message that comes while its conversation is recovered waits for its turn", async () => {
    const there = place();
    const channel = scriptedChannel();
    const first = severable(await there.open());
    const severed = gate();
    const old = await startBridge(first.store, {
      channels: [channel],
      runner: scriptedRunner(async function* (turn, io) {
        yield session("kept");
        await io.begins();
        first.sever();
        severed.resolve();
        yield completed(turn.prompt);
      }),
    });
    channel.deliver({ payload: { from: "ann", text: "interrupted" } });
    await severed.promise;
    await old.bridge.stop();
    channel.deliver({ payload: { from: "ann", text: "new" } });

    const go = gate();
    const runner = scriptedRunner(async function* (turn) {
      await go.promise;
      yield completed(turn.prompt === "new" ? "new" : "recovered");
    });
    const { operator } = await startBridge(await there.open(), { channels: [channel], runner });
    await eventually(async () => expect(await allTasks(operator)).toHaveLength(2));
    await eventually(() => expect(runner.turns).toHaveLength(1));
    expect(runner.turns[0]?.session?.id).toBe("kept");
    expect(runner.prompts[0]).toContain("> interrupted");
    go.resolve();
    await eventually(() => expect(channel.shown).toHaveLength(2));
    expect(channel.shown.map(({ text }) => text)).toEqual(["recovered", "new"]);
    expect(runner.mostActive).toBe(1);
  });

  test("S30 work, replies, acknowledgements and cancels are found although every hint is lost", async () => {
    const store = intercepted(await place({ clock }).open(), ({ name, go }) =>
      name === "log.watch" ? { [Symbol.dispose]: () => undefined } : go(),
    );
    const channel = scriptedChannel({ inbox: "queue", readsAhead: true });
    const runner = scriptedRunner(async function* (turn, io) {
      yield session("s");
      if (turn.prompt === "long") {
        await new Promise((resolve) => io.signal.addEventListener("abort", resolve));
        return;
      }
      yield completed(turn.prompt);
    });
    const { operator } = await startBridge(store, { channels: [channel], runner, clock });
    const [long] = await Promise.all([
      operator.start({ payload: { text: "long" } }),
      eventually(() => expect(runner.active).toBe(1)),
    ]);
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await operator.cancel(long.task.id);
    const task = await ended(operator, long.task.id);
    expect(task.error?.code).toBe("cancelled");
    await eventually(() => expect(channel.acks).toHaveLength(1));
    expect(channel.shown.map(({ text }) => text)).toEqual(["hello"]);
  });

  test("S16 a task that one process started is ended by another, and its readers are told", async () => {
    const store = await place({ clock }).open();
    const doomed = severable(store);
    const begun = gate();
    const one = await startBridge(doomed.store, {
      clock,
      node: "one",
      limits: { leaseMs: 3000 },
      runner: scriptedRunner(async function* (_, io) {
        yield session("kept");
        await io.begins();
        begun.resolve();
        await new Promise((resolve) => io.signal.addEventListener("abort", resolve));
      }),
    });
    const { task } = await one.operator.start({ payload: { text: "x" } });
    await begun.promise;
    doomed.sever();
    const two = await startBridge(store, {
      clock,
      node: "two",
      limits: { leaseMs: 3000 },
      runner: scriptedRunner(async function* () {
        yield completed("ended by the other");
      }),
    });
    const last = await ended(two.operator, task.id, 5000);
    expect(last).toMatchObject({ status: "completed", output: { output: "ended by the other" } });
    await one.bridge.stop();
  });
});
