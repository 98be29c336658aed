import { describe, expect, test } from "vitest";
import * as z from "zod";
import { memoryStore, systemClock, systemRandom, type Runner } from "@agent-bridge/core";
import { ended, makeBridge, startBridge } from "./fixtures/bridges.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";

expectNothingLeft();

const store = () => memoryStore({ clock: systemClock(), random: systemRandom });
const pair = {
  start: { name: "agent", title: "Agent", description: "Asks the agent." },
  reply: { name: "agent-reply", title: "Reply", description: "Goes on." },
};

/** A runner whose callers may pick a quieter mode than the route's `loud`. */
const withOptions: Partial<Runner> = {
  toolPair: pair,
  callerOptions: {
    schema: z.strictObject({ mode: z.string() }),
    within: (_, { mode }) =>
      mode === "quiet" ? { options: { mode } } : { refused: `The mode ${JSON.stringify(mode)}` },
  },
};

const routes = [
  { kind: "prompt", from: ["ann"], runner: "scripted", options: { mode: "loud" } },
  { kind: "note", from: ["ben"], runner: "scripted" },
];

describe("what a principal is told of the bridge", () => {
  const bridgeOf = () =>
    makeBridge(store(), { routes, runner: scriptedRunner(undefined, withOptions) });

  test("the operator sees every route with its senders and options", () => {
    const { operator } = bridgeOf();
    const told = operator.describe();
    expect(told.routes).toEqual([
      { kind: "prompt", from: ["ann"], runner: "scripted", options: { mode: "loud" } },
      { kind: "note", from: ["ben"], runner: "scripted", options: {} },
    ]);
    expect(told.kinds.map(({ name }) => name)).toEqual(["prompt", "note"]);
    expect(told.kinds[0]?.schema).toMatchObject({ properties: { text: { type: "string" } } });
    // A pair starts prompts, which no route allows the operator here.
    expect(told.runners).toMatchObject([{ name: "scripted", toolPair: null }]);
  });

  test("a client sees what it may use: no other sender, option, kind or runner", () => {
    const { bridge } = bridgeOf();
    const told = bridge.as({ type: "client", id: "ann" }).describe();
    expect(told.routes).toEqual([{ kind: "prompt", runner: "scripted" }]);
    expect(told.kinds.map(({ name }) => name)).toEqual(["prompt"]);
    expect(told.runners).toMatchObject([{ name: "scripted", toolPair: pair, problems: [] }]);
    expect(told.runners[0]?.callerOptions).toMatchObject({ required: ["mode"] });
    for (const principal of [
      { type: "client", id: "eve" },
      { type: "peer", channel: "c", workspace: "w", id: "ann" },
      { type: "run", taskId: "task_x" },
    ] as const) {
      const nothing = { kinds: [], routes: [], runners: [] };
      expect(bridge.as(principal).describe()).toMatchObject(nothing);
    }
  });

  test("the head is where later events are read from", async () => {
    const { operator } = await startBridge(store());
    await ended(operator, (await operator.start({ payload: { text: "before" } })).task.id);
    const after = await operator.head();
    const { task } = await operator.start({ payload: { text: "later" } });
    await ended(operator, task.id);
    const { events } = await operator.events({ after });
    expect(new Set(events.map(({ taskId }) => taskId))).toEqual(new Set([task.id]));
    expect(events[0]?.type).toBe("task.created");
  });

  test("two runners can not have a tool of one name", () => {
    const runner = scriptedRunner(undefined, {
      toolPair: { start: pair.start, reply: pair.start },
    });
    expect(() => makeBridge(store(), { runner })).toThrow('two tools named "agent"');
  });
});

describe("what a caller asks of a runner", () => {
  const run = async (options?: Record<string, string>) => {
    const runner = scriptedRunner(undefined, withOptions);
    const { bridge } = await startBridge(store(), { routes, runner });
    const handle = bridge.as({ type: "client", id: "ann" });
    const request = { payload: { text: "x" }, idempotencyKey: "k" };
    const { task } = await handle.start({
      ...request,
      ...(options === undefined ? {} : { options }),
    });
    await ended(handle, task.id);
    return { used: runner.turns[0]?.options, handle, request };
  };

  test("narrows the options of the route, for this task", async () => {
    expect((await run()).used).toEqual({ mode: "loud" });
    expect((await run({})).used).toEqual({ mode: "loud" });
    const { used, handle, request } = await run({ mode: "quiet" });
    expect(used).toEqual({ mode: "quiet" });
    // It is a part of the request: the key belongs to it.
    await expect(handle.start(request)).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  test.each([
    ["NOT_ALLOWED", { mode: "louder" }],
    ["INPUT_INVALID", { mode: "quiet", root: "/" }],
    ["INPUT_INVALID", { __proto__: null, mood: "x" }],
    ["INPUT_TOO_LARGE", { mode: "x".repeat(20_000) }],
  ])("is refused with %s where the route does not permit it (%#)", async (code, options) => {
    await expect(run(options as Record<string, string>)).rejects.toMatchObject({ code });
  });

  test("is refused where the runner takes nothing from callers", async () => {
    const { operator } = await startBridge(store());
    const request = { payload: { text: "x" }, options: { mode: "quiet" } };
    await expect(operator.start(request)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });
});
