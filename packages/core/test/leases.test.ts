import { describe, expect, test } from "vitest";
import { BridgeError, type ClaimRef } from "@agent-bridge/core";
import { ended, eventsOf, makeBridge, startBridge } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import {
  completed,
  delta,
  gate,
  scriptedRunner,
  session,
  untilAborted,
  works,
} from "./fixtures/scripted-runner.ts";
import { intercepted, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

/** Ten times as fast: what is made up for after a second takes a tenth. */
const clock = hurriedClock(10);
const leaseMs = 1200;

describe.each(storeCases)("leases on $name", ({ place }) => {
  test("S02 the lease is renewed over a turn several times as long, and no second turn starts", async () => {
    const store = await place({ clock }).open();
    const go = gate();
    let renewals = 0;
    const watched = intercepted(store, ({ name, go: call }) => {
      if (name === "work.renew" && ++renewals === 9) go.resolve();
      return call();
    });
    const runner = scriptedRunner(async function* () {
      yield session("s");
      await go.promise;
      yield completed("done");
    });
    const one = await startBridge(watched, { clock, runner, node: "one", limits: { leaseMs } });
    const { task } = await one.operator.start({ payload: { text: "x" } });
    await eventually(() => expect(runner.turns).toHaveLength(1));
    const two = await startBridge(store, { clock, node: "two", limits: { leaseMs } });
    // Nine renewals, each after a third of the lease: three leases.
    const last = await ended(one.operator, task.id);
    expect(last).toMatchObject({ status: "completed", attempt: 1, crashes: 0 });
    expect(runner.turns).toHaveLength(1);
    expect(two.runner.turns).toHaveLength(0);
  });

  test("S12 a worker that slept longer than its lease writes no event, no status and no reply", async () => {
    const store = await place({ clock }).open();
    let isAsleep = false;
    const woke = gate();
    // What a stopped process had begun to say reaches the store when it wakes up.
    const sleepy = intercepted(store, async ({ name, go }) => {
      if (isAsleep && name.startsWith("work.")) await woke.promise;
      return await go();
    });
    const paused = intercepted(sleepy, ({ name, go }) => {
      if (name === "log.watch") return store.log.watch(() => undefined);
      return go();
    });
    const begun = gate();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("first");
      await io.begins();
      isAsleep = true;
      begun.resolve();
      yield delta("from the sleeper");
      yield { type: "tool_call", callId: "1", name: "shell", input: {} };
      yield completed("the sleeper's answer");
    });
    const one = await startBridge(paused, { clock, runner, node: "one", limits: { leaseMs } });
    const { task } = await one.operator.start({ payload: { text: "x" } });
    await begun.promise;
    const two = await startBridge(store, {
      clock,
      node: "two",
      limits: { leaseMs },
      runner: scriptedRunner(async function* () {
        yield completed("the second's answer");
      }),
    });
    const last = await ended(two.operator, task.id);
    isAsleep = false;
    woke.resolve();
    await eventually(() => expect(runner.active).toBe(0));
    await eventually(async () => expect((await one.operator.status()).running).toBe(0));
    expect(await two.operator.task(task.id)).toEqual(last);
    expect(last).toMatchObject({
      attempt: 2,
      crashes: 1,
      output: { output: "the second's answer" },
    });
    const events = await eventsOf(two.operator, task.id);
    expect(events.at(-1)?.type).toBe("task.completed");
    expect(JSON.stringify(events)).not.toContain("sleeper");
  });

  test("S12 a worker that takes up what was begun does not act on it when another has taken it since", async () => {
    const store = await place({ clock }).open();
    const { operator } = makeBridge(store, { clock });
    const { task } = await operator.start({ payload: { text: "x" } });
    const claimAs = async (node: string) =>
      await store.work.claim({
        worker: { node, boot: "first" },
        runners: ["scripted"],
        leaseMs: 600_000,
        limit: 1,
      });
    const [first] = await claimAs("gone");
    if (first === undefined) throw new Error("There is nothing to claim.");
    await store.work.append(first, {
      events: [],
      session: { id: "first", state: {} },
      begins: true,
    });
    await store.work.forfeit({ node: "gone", boot: "second" });
    const running = gate();
    const taken = gate();
    const outcome = gate<unknown>();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("first");
      running.resolve();
      await taken.promise;
      await io.begins().then(
        () => outcome.resolve("it acts"),
        (error: unknown) => outcome.resolve(error),
      );
      yield completed("too late");
    });
    // Nobody tells it that its claim is lost.
    const unaware = intercepted(store, ({ name, args, go }) => {
      if (name === "log.watch") return store.log.watch(() => undefined);
      if (name !== "work.renew" && name !== "work.news") return go();
      const claims = args[0] as readonly ClaimRef[];
      return Promise.resolve(
        claims.map((ref) => ({ ...ref, held: true, cancelRequested: false, question: null })),
      );
    });
    await startBridge(unaware, { clock, runner, node: "sleeper" });
    await running.promise;
    await store.work.forfeit({ node: "sleeper", boot: "second" });
    expect(await claimAs("other")).toHaveLength(1);
    taken.resolve();
    expect(await outcome.promise).toMatchObject({ code: "CLAIM_LOST" });
    expect(await operator.task(task.id)).toMatchObject({ attempt: 3, status: "running" });
  });

  test.each(["fails", "hangs"])(
    "a worker whose renewal %s ends its runner before another one may begin",
    async (how) => {
      const store = await place({ clock }).open();
      const refused = gate<never>();
      refused.promise.catch(() => undefined);
      let isDeaf = false;
      const deaf = intercepted(store, ({ name, go }) => {
        // It shall not take the task up again itself.
        if (name === "work.claim" && isDeaf) return Promise.resolve([]);
        if (name !== "work.renew") return go();
        isDeaf = true;
        if (how === "hangs") return refused.promise;
        return Promise.reject(new BridgeError("STORE_FAILED", { detail: "no connection" }));
      });
      const runner = scriptedRunner(works());
      const one = await startBridge(deaf, {
        clock,
        runner,
        node: "one",
        limits: { leaseMs: 3000 },
      });
      const { task } = await one.operator.start({ payload: { text: "x" } });
      await eventually(() => expect(runner.active).toBe(1));
      const activeAtTakeover: number[] = [];
      const two = await startBridge(store, {
        clock,
        node: "two",
        limits: { leaseMs: 3000 },
        runner: scriptedRunner(async function* () {
          activeAtTakeover.push(runner.active);
          yield completed("taken over");
        }),
      });
      const last = await ended(two.operator, task.id);
      expect(last.output).toEqual({ output: "taken over" });
      expect(activeAtTakeover).toEqual([0]);
      refused.reject(new BridgeError("STORE_CLOSED", {}));
    },
  );

  test("S27 a health check that times out or throws ends no turn and refuses none", async () => {
    let checks = 0;
    const go = gate();
    const runner = scriptedRunner(
      async function* () {
        yield session("s");
        await go.promise;
        yield completed("worked all the same");
      },
      {
        check: async (signal) => {
          if (checks++ > 0) throw new Error("The check itself broke.");
          return await untilAborted(signal);
        },
      },
    );
    const { operator, bridge } = await startBridge(await place({ clock }).open(), {
      clock,
      runner,
    });
    const { task } = await operator.start({ payload: { text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    expect((await operator.status()).runners).toMatchObject([{ name: "scripted", health: null }]);
    go.resolve();
    expect((await ended(operator, task.id)).status).toBe("completed");
    await bridge.stop();
  });

  test("a runner that is known to be unable fails its tasks visibly until it is mended", async () => {
    let isMended = false;
    const runner = scriptedRunner(undefined, {
      check: async () =>
        await Promise.resolve({
          ready: isMended,
          version: null,
          path: null,
          problems: isMended ? [] : ["The binary is missing. Install it."],
        }),
    });
    const { operator } = await startBridge(await place({ clock }).open(), { clock, runner });
    const first = await operator.start({ payload: { text: "x" } });
    expect(await ended(operator, first.task.id)).toMatchObject({
      status: "failed",
      error: {
        code: "runner_unavailable",
        message: expect.stringContaining("The binary is missing. Install it."),
      },
    });
    isMended = true;
    const second = await operator.start({ payload: { text: "y" } });
    expect((await ended(operator, second.task.id)).status).toBe("completed");
    expect(runner.turns).toHaveLength(1);
  });
});
