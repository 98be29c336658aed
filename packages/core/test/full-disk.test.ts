import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { ended, eventsOf, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { completed, delta, gate, scriptedRunner, session } from "./fixtures/scripted-runner.ts";

expectNothingLeft();

test("S34 on a full disk new work is refused, reads go on, and running tasks record their end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "core-full-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = sqliteStore({
    path: join(folder, "bridge.db"),
    clock: systemClock(),
    random: systemRandom,
    maxPages: 400,
  });
  onTestFinished(async () => await store[Symbol.asyncDispose]());
  const go = gate();
  const runner = scriptedRunner(async function* (turn) {
    yield session("s");
    if (turn.prompt !== "running") return yield completed("small");
    yield delta("I am at it.");
    await go.promise;
    yield completed("the end of the running one");
  });
  const { operator } = await startBridge(store, { runner, limits: { concurrency: 1 } });
  const running = await operator.start({ payload: { text: "running" } });
  await eventually(() => expect(runner.active).toBe(1));

  const accepted: string[] = [];
  const fill = async (): Promise<void> => {
    for (let index = 0; index < 1000; index++) {
      const { task } = await operator.start({
        payload: { text: `${index} ${"x".repeat(20_000)}` },
      });
      accepted.push(task.id);
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: "STORE_FULL", retryable: true });
  expect(accepted.length).toBeGreaterThan(5);

  // Reads go on.
  expect((await operator.task(running.task.id)).status).toBe("running");
  expect((await eventsOf(operator, running.task.id)).length).toBeGreaterThan(2);
  // What runs can end.
  go.resolve();
  expect(await ended(operator, running.task.id)).toMatchObject({
    status: "completed",
    output: { output: "the end of the running one" },
  });
  // Nothing that was accepted is lost.
  for (const id of accepted) expect((await operator.task(id)).id).toBe(id);
});
