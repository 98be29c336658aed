import { describe, expect, test } from "vitest";
import { ended, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

describe.each(storeCases)("the status on $name", ({ place }) => {
  test("S28 says which replies do not arrive, why, and when they are tried again, without a secret", async () => {
    const channel = scriptedChannel();
    channel.faults.beforeSend = () => {
      throw failure({ effect: "none", detail: "https://x/?t=hunter-two is busy" });
    };
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      secrets: new Set(["hunter-two"]),
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(async () => {
      const { attention, store } = await operator.status();
      expect(store.outbox).toBe(1);
      expect(attention.outbox).toMatchObject({ destinations: 1, failing: 1 });
      const [problem] = attention.outbox.problems;
      expect(problem).toMatchObject({ channel: "platform", taskId: expect.any(String) });
      expect(problem?.detail).toContain("[secret] is busy");
      expect(problem?.detail).not.toContain("hunter-two");
    });
  });

  test("says how long a channel backs off, and after what", async () => {
    const channel = scriptedChannel();
    channel.faults.receive = () =>
      Promise.reject(failure({ effect: "none", operation: "receive" }));
    const { operator } = await startBridge(await place().open(), { channels: [channel] });
    const before = Date.now();
    await eventually(async () => {
      const [shown] = (await operator.status()).channels;
      expect(shown).toMatchObject({ state: "backing_off", failures: expect.any(Number) });
      expect(shown?.nextPollAt).toBeGreaterThanOrEqual(before + 1000);
      expect(shown?.lastError).toContain("it said no");
    });
  });

  test("says when a runner was looked at, and what its last failure was", async () => {
    const runner = scriptedRunner(async function* () {
      yield { type: "session", session: { id: "s", state: {} } };
      yield { type: "end", outcome: "failed", message: "the model is gone", exitCode: 3 };
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "hello" } });
    await ended(operator, task.id);
    const [shown] = (await operator.status()).runners;
    expect(shown).toMatchObject({
      name: "scripted",
      health: { ready: true },
      checkedAt: expect.any(Number),
      lastFailure: { taskId: task.id, code: "runner_failed", message: "the model is gone" },
    });
  });

  test("says what is asked, and how dead letters came about", async () => {
    const channel = scriptedChannel();
    const runner = scriptedRunner(async function* (_, io) {
      yield { type: "session", session: { id: "s", state: {} } };
      await io.ask({ type: "approval", title: "May I?", details: {} });
      yield { type: "end", outcome: "completed", output: "done" };
    });
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ kind: "nothing", payload: {} });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(async () => {
      const { attention } = await operator.status();
      expect(attention.questions).toMatchObject([{ title: "May I?", type: "approval" }]);
      expect(attention.deadLetters).toEqual([{ reason: "kind_unknown", count: 1 }]);
    });
  });
});
