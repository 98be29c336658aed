import { decodeCursor, type Hint, type Store } from "@agent-bridge/core";
import { expect, test, vi } from "vitest";
import { counted, logOf, positionsOf, startNode, waitingRunner } from "./fixtures/bridges.ts";
import { all, directMessage, finishing, text } from "./fixtures/messages.ts";
import { openStore, sql, temporarySchema } from "./fixtures/schemas.ts";

const patience = { timeout: 60_000, interval: 20 };
const never = new Promise<void>(() => undefined);

const lane = (key: string, id: string) => ({
  newId: id,
  channel: null,
  workspace: "here",
  key,
  keepsSession: true,
});

/** Takes, streams and ends tasks until none is left; notes what it held when. */
async function workAll(store: Store, of: { node: string; held: Map<string, string> }) {
  const { node, held } = of;
  const worker = { node, boot: "boot" };
  const done: string[] = [];
  for (;;) {
    const claims = await store.work.claim({
      worker,
      runners: ["runner"],
      leaseMs: 600_000,
      limit: 3,
    });
    if (claims.length === 0) {
      const { tasks } = await store.queries.stats();
      if (tasks.pending + tasks.running === 0) return done;
      continue;
    }
    for (const { task } of claims) {
      expect(held.get(task.conversationId ?? ""), "who works in this conversation").toBeUndefined();
      held.set(task.conversationId ?? "", node);
    }
    for (const claim of claims) {
      await store.work.append(claim, { events: [text(`by ${node}`)] });
      held.delete(claim.task.conversationId ?? "");
      await store.work.finish(claim, finishing("done"));
      done.push(claim.taskId);
    }
  }
}

/** Follows the log with nothing but a remembered cursor, until so many events have come. */
async function follow(store: Store, isOver: () => boolean): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let after: string | null = null; ;) {
    const wasOver = isOver();
    const page: Awaited<ReturnType<Store["log"]["read"]>> = await store.log.read({
      scope: all,
      after,
      limit: 100,
    });
    seen.push(...page.events.map(({ cursor }) => decodeCursor(store.id, cursor)));
    after = page.next;
    if (wasOver && page.atHead) return seen;
  }
}

test("S31 many nodes claim each task once, one of a conversation at a time, and a reader with a remembered cursor misses nothing", async () => {
  const schema = temporarySchema();
  const stores = await Promise.all([1, 2, 3, 4].map(async () => await openStore({ schema })));
  const [one] = stores as [Store, ...Store[]];
  expect(new Set(stores.map(({ id }) => id)).size, "the stores of one schema").toBe(1);
  const messages = Array.from({ length: 60 }, (_, number) =>
    directMessage({ conversation: lane(`lane ${number % 12}`, `c${number}`) }),
  );
  await Promise.all(
    messages.map(async (message, place) => {
      await stores[place % 4]?.intake.accept({ messages: [message] });
    }),
  );
  let isOver = false;
  const readers = stores.map(async (store) => await follow(store, () => isOver));
  const held = new Map<string, string>();
  const done = await Promise.all(
    stores.map(async (store, place) => await workAll(store, { node: `node ${place}`, held })),
  );
  isOver = true;
  expect(done.flat()).toHaveLength(60);
  expect(new Set(done.flat()).size).toBe(60);
  const log = await logOf(one);
  expect(log).toHaveLength(60 * 4);
  expect(positionsOf(one, log)).toEqual(counted(log));
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(counted(log));
});

test("what one node changes is told to those who watch at another, without its own being told twice", async () => {
  const schema = temporarySchema();
  const [here, there] = [await openStore({ schema }), await openStore({ schema })];
  const hints: { at: string; hint: Hint }[] = [];
  using _here = here.log.watch((hint) => void hints.push({ at: "here", hint }));
  using _there = there.log.watch((hint) => void hints.push({ at: "there", hint }));
  await vi.waitFor(async () => {
    await here.intake.accept({ messages: [directMessage()] });
    expect(hints).toContainEqual({ at: "there", hint: { topic: "work" } });
  }, patience);
  hints.length = 0;
  await here.intake.accept({ messages: [directMessage({ id: "told" })] });
  const told: Hint = { topic: "events", taskId: "told" };
  await vi.waitFor(() => expect(hints).toContainEqual({ at: "there", hint: told }), patience);
  const own = hints.filter(({ at, hint }) => at === "here" && hint.topic === "events");
  expect(own).toEqual([{ at: "here", hint: told }]);
});

test("a broken line of hints is made again", async () => {
  const schema = temporarySchema();
  const [here, there] = [await openStore({ schema }), await openStore({ schema })];
  let heard = 0;
  using _watch = there.log.watch(() => void heard++);
  const hears = async (): Promise<void> => {
    const before = heard;
    await here.intake.accept({ messages: [directMessage()] });
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 200, interval: 5 });
  };
  await vi.waitFor(hears, patience);
  const ended = await sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1 OR query LIKE $2",
    ["", `LISTEN "${there.id}"%`],
  );
  expect(ended.length).toBeGreaterThan(0);
  await vi.waitFor(hears, patience);
});

test("S36 leases go by the time of the database, whatever the clocks of the nodes say", async () => {
  const schema = temporarySchema();
  const [here, there] = [await openStore({ schema }), await openStore({ schema })];
  const worker = { node: "here", boot: "boot" };
  const other = { node: "there", boot: "boot" };
  await here.leases.acquire("poll", worker, 600_000);
  expect(await there.leases.acquire("poll", other, 600_000)).toBe(false);
  const shift = async (ms: number): Promise<void> => {
    await sql(
      `CREATE OR REPLACE FUNCTION ${schema}.time_ms() RETURNS double precision LANGUAGE sql VOLATILE
        AS 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 + ${ms}'`,
    );
  };
  await shift(590_000);
  expect(await there.leases.acquire("poll", other, 600_000)).toBe(false);
  await shift(601_000);
  expect(await there.leases.acquire("poll", other, 600_000)).toBe(true);
  // Set back, it stands still: nothing that has run out comes to life again.
  await shift(-3_600_000);
  expect(await here.leases.acquire("poll", worker, 600_000)).toBe(false);
});

test("two bridges share the work of one database, each task is run once, and a dead node's go on at the other after the lease", async () => {
  const schema = temporarySchema();
  const leaseMs = 2_000;
  const one = await startNode(await openStore({ schema }), {
    name: "one",
    runner: waitingRunner(never),
    leaseMs,
    concurrency: 2,
  });
  const goOn = Promise.withResolvers<void>();
  const store = await openStore({ schema });
  const two = await startNode(store, {
    name: "two",
    runner: waitingRunner(goOn.promise),
    leaseMs,
    concurrency: 2,
  });
  const ids: string[] = [];
  for (let number = 0; number < 4; number++) {
    const { task } = await one.operator.start({ payload: { text: `request ${number}` } });
    ids.push(task.id);
  }
  await vi.waitFor(() => {
    expect(one.runner.turns).toHaveLength(2);
    expect(two.runner.turns).toHaveLength(2);
  }, patience);
  const first = [...one.runner.turns, ...two.runner.turns].map(({ taskId }) => taskId);
  expect(first.toSorted()).toEqual(ids.toSorted());
  await one.die();
  goOn.resolve();
  await vi.waitFor(async () => {
    const tasks = await Promise.all(ids.map(async (id) => await two.operator.task(id)));
    expect(tasks.map(({ status }) => status)).toEqual(ids.map(() => "completed"));
  }, patience);
  const taken = new Set(one.runner.turns.map(({ taskId }) => taskId));
  for (const id of ids) {
    const { attempt, crashes } = await two.operator.task(id);
    expect({ attempt, crashes }).toEqual(
      taken.has(id) ? { attempt: 2, crashes: 1 } : { attempt: 1, crashes: 0 },
    );
  }
  expect(two.runner.turns).toHaveLength(4);
}, 90_000);
