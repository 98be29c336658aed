import { isTerminal, type Store } from "@agent-bridge/core";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import { counted, logOf, positionsOf, startNode, waitingRunner } from "./fixtures/bridges.ts";
import { startServer } from "./fixtures/server.ts";

const never = new Promise<void>(() => undefined);
const patience = { timeout: 60_000, interval: 20 };

async function open(url: string): Promise<Store> {
  const store = await postgresStore({ url });
  onTestFinished(async () => await store[Symbol.asyncDispose]());
  return store;
}

test("S13 the database restarts during recovery: nothing is stranded, and nothing runs twice in silence", async () => {
  const server = await startServer();
  onTestFinished(async () => await server[Symbol.asyncDispose]());
  const first = await startNode(await open(server.url), {
    name: "node",
    runner: waitingRunner(never),
    concurrency: 6,
  });
  const ids: string[] = [];
  for (let number = 0; number < 8; number++) {
    const { task } = await first.operator.start({
      payload: { text: `request ${number}` },
      conversation: `room ${number}`,
    });
    ids.push(task.id);
  }
  await vi.waitFor(() => expect(first.runner.turns).toHaveLength(6), patience);
  await first.die();

  const goOn = Promise.withResolvers<void>();
  const store = await open(server.url);
  const second = await startNode(store, {
    name: "node",
    runner: waitingRunner(goOn.promise),
    concurrency: 3,
  });
  await vi.waitFor(() => expect(second.runner.turns).toHaveLength(3), patience);
  await server.kill();
  // What is under way ends while there is nobody to tell it to.
  goOn.resolve();
  await expect(store.queries.stats()).rejects.toMatchObject({
    code: "STORE_FAILED",
    retryable: true,
  });
  await server.start();

  await vi.waitFor(async () => {
    const tasks = await Promise.all(ids.map(async (id) => await second.operator.task(id)));
    expect(tasks.map(({ status }) => status)).toEqual(ids.map(() => "completed"));
  }, patience);
  const log = await logOf(store);
  expect(positionsOf(store, log)).toEqual(counted(log));
  for (const id of ids) {
    const own = log.filter(({ taskId }) => taskId === id);
    expect(own.map(({ seq }) => seq)).toEqual(counted(own));
    expect(own.filter(isTerminal)).toHaveLength(1);
    // Each turn that a runner began stands in the log, and one that went on was told so.
    const turns = [...first.runner.turns, ...second.runner.turns].filter(
      ({ taskId }) => taskId === id,
    );
    expect(own.filter(({ type }) => type === "task.started").length).toBeGreaterThanOrEqual(
      turns.length,
    );
    for (const turn of turns.slice(1)) expect(turn.session?.id).toBe(`session of ${id}`);
  }
  const later = await second.operator.start({ payload: { text: "afterwards" } });
  await vi.waitFor(async () => {
    expect((await second.operator.task(later.task.id)).status).toBe("completed");
  }, patience);
}, 120_000);

test("a change whose commit the server cut off is reported as what became of it", async () => {
  const server = await startServer();
  onTestFinished(async () => await server[Symbol.asyncDispose]());
  const store = await open(server.url);
  const worker = { node: "node", boot: "boot" };
  let isDown = false;
  const taken: string[] = [];
  const outcomes: string[] = [];
  const work = async (lane: number): Promise<void> => {
    for (let number = 0; !isDown; number++) {
      const name = `lease ${lane} ${number}`;
      try {
        await store.leases.acquire(name, worker, 3_600_000);
        taken.push(name);
      } catch (error) {
        outcomes.push((error as { code: string }).code);
        return;
      }
    }
  };
  const lanes = Promise.all([1, 2, 3, 4].map(work));
  await vi.waitFor(() => expect(taken.length).toBeGreaterThan(50), patience);
  await server.kill();
  isDown = true;
  await server.start();
  await lanes;
  expect(outcomes.every((code) => code === "STORE_FAILED")).toBe(true);
  const other = { node: "other", boot: "boot" };
  for (const name of taken) expect(await store.leases.acquire(name, other, 1_000)).toBe(false);
}, 120_000);
