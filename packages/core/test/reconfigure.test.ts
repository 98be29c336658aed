import { memoryStore, systemClock, systemRandom, type RouteInput } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { ended, startBridge, type TestBridge } from "./fixtures/bridges.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";

const store = () => memoryStore({ clock: systemClock(), random: systemRandom });

const promptFor = (from: RouteInput["from"], mode?: string): RouteInput => ({
  kind: "prompt",
  from,
  runner: "scripted",
  ...(mode === undefined ? {} : { options: { mode } }),
});

const say = async ({ operator }: TestBridge, text: string): Promise<string> =>
  (await operator.start({ payload: { text } })).task.id;

/** A runner whose turns end when they are let go, and say which options they had. */
function heldRunner() {
  const gate = Promise.withResolvers<void>();
  const runner = scriptedRunner(async function* (turn) {
    yield { type: "session", session: { id: "s", state: {} } };
    await gate.promise;
    const { mode } = turn.options as { mode?: string };
    yield { type: "end", outcome: "completed", output: mode ?? "none" };
  });
  return { runner, release: gate.resolve };
}

test("what was accepted keeps its rules, what comes after follows the new routes", async () => {
  const { runner, release } = heldRunner();
  const parts = { runner, routes: [promptFor("*", "old")], limits: { concurrency: 1 } };
  const made = await startBridge(store(), parts);
  const running = await say(made, "running");
  const pending = await say(made, "pending");
  await expect.poll(() => runner.active).toBe(1);
  made.bridge.reconfigure({ routes: [promptFor("*", "new")], limits: { concurrency: 1 } });
  const later = await say(made, "later");
  release();
  const outputs = [];
  for (const id of [running, pending, later]) {
    outputs.push((await ended(made.operator, id)).output?.output);
  }
  expect(outputs).toEqual(["old", "old", "new"]);
});

test("a route that is taken away allows nothing any more, at once", async () => {
  const made = await startBridge(store(), { routes: [promptFor("*")] });
  await say(made, "allowed");
  made.bridge.reconfigure({ routes: [promptFor(["somebody"])] });
  await expect(say(made, "not any more")).rejects.toMatchObject({ code: "ROUTE_NONE" });
});

test("routes that do not check are refused with nothing changed, the limits neither", async () => {
  const made = await startBridge(store(), { routes: [promptFor("*")] });
  const routes = [promptFor(["somebody"]), { ...promptFor("*"), runner: "nobody" }];
  const refused = (): void => made.bridge.reconfigure({ routes, limits: { messageBytes: 1 } });
  expect(refused).toThrowError(expect.objectContaining({ code: "ROUTE_INVALID" }));
  expect(refused).toThrowError(/There is no runner "nobody"/);
  expect((await ended(made.operator, await say(made, "as before"))).status).toBe("completed");
});

test("limits hold at once, and those that are not given have their defaults", async () => {
  const { runner, release } = heldRunner();
  const limits = { concurrency: 1, messageBytes: 20 };
  const made = await startBridge(store(), { runner, routes: [promptFor("*")], limits });
  const first = await say(made, "1");
  const second = await say(made, "2");
  await expect.poll(() => runner.active).toBe(1);
  await expect(say(made, "longer than twenty bytes")).rejects.toMatchObject({
    code: "INPUT_TOO_LARGE",
  });
  made.bridge.reconfigure({ routes: [promptFor("*")], limits: { concurrency: 2 } });
  await expect.poll(() => runner.active, { timeout: 5000 }).toBe(2);
  expect(await made.operator.status()).toMatchObject({ running: 2, concurrency: 2 });
  const third = await say(made, "longer than twenty bytes");
  release();
  for (const id of [first, second, third]) await ended(made.operator, id);
});
