import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { sqliteStore } from "../src/index.ts";
import { temporaryPath } from "./fixtures/folders.ts";
import {
  all,
  at,
  claimed,
  claimedOne,
  directMessage,
  eventsOf,
  newTask,
  text,
} from "./fixtures/messages.ts";

test("appends of one turn of the event loop share a commit, and one that is refused fails alone", async () => {
  await using store = sqliteStore({ path: temporaryPath() });
  const claims = await claimed(store, 10);
  const before = store.commitCount;
  const appends = Array.from({ length: 1_000 }, async (_, index) => {
    const { taskId, attempt } = at(claims, index % 10);
    const ref = { taskId, attempt: index === 500 ? attempt + 1 : attempt };
    return await store.work.append(ref, { events: [text(String(index))] });
  });
  const outcomes = await Promise.allSettled(appends);
  expect(store.commitCount - before).toBeLessThan(10);
  expect(outcomes.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([
    500,
  ]);
  expect(outcomes[500]).toMatchObject({ reason: { code: "CLAIM_LOST" } });
  for (const { taskId } of claims) {
    const events = await eventsOf(store, taskId);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.length).toBe(2 + (taskId === at(claims, 0).taskId ? 99 : 100));
  }
});

test("what a refused change of a group had written is undone, and what follows it is whole", async () => {
  await using store = sqliteStore({ path: temporaryPath() });
  const claim = await claimedOne(store);
  const task = newTask();
  const twice = { messages: [directMessage({ id: task.id }), directMessage({ id: task.id })] };
  const [first, refused, second] = await Promise.allSettled([
    store.work.append(claim, { events: [text("one")] }),
    // The same id twice: the second insertion breaks the first's promise of being the only one.
    store.intake.accept(twice),
    store.work.append(claim, { events: [text("two")] }),
  ]);
  expect(first.status).toBe("fulfilled");
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "STORE_FAILED" } });
  expect(second.status).toBe("fulfilled");
  expect(await store.queries.task(task.id, all)).toBeUndefined();
  const events = await eventsOf(store, claim.taskId);
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  // A change that can not be stored says nothing about the file: the store goes on, from where it was.
  await store.intake.accept({ messages: [directMessage({ id: task.id })] });
  expect((await eventsOf(store, task.id)).map(({ seq }) => seq)).toEqual([1]);
});

test("every commit is synced", async () => {
  const connections = new Set<DatabaseSync>();
  const { prepare } = DatabaseSync.prototype;
  const spy = vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ) {
    if (sql === "COMMIT") connections.add(this);
    return prepare.call(this, sql);
  });
  onTestFinished(() => spy.mockRestore());
  await using _ = sqliteStore({ path: temporaryPath() });
  const settings = [...connections].map((db) => [
    db.prepare("PRAGMA synchronous").get()?.["synchronous"],
    db.prepare("PRAGMA journal_mode").get()?.["journal_mode"],
  ]);
  const full = 2;
  expect(settings).toEqual([[full, "wal"]]);
});

test("hints come after the commit, and none for what was refused", async () => {
  await using store = sqliteStore({ path: temporaryPath() });
  const claims = await claimed(store, 2);
  const claim = at(claims, 0);
  const other = at(claims, 1);
  const told: string[] = [];
  using _ = store.log.watch((hint) => {
    if (hint.topic === "events") told.push(hint.taskId);
  });
  const refused = store.work.append({ ...other, attempt: 9 }, { events: [text("never")] });
  const stored = store.work.append(claim, { events: [text("once")] });
  expect(told).toEqual([]);
  await stored;
  await expect(refused).rejects.toMatchObject({ code: "CLAIM_LOST" });
  expect(told).toEqual([claim.taskId]);
});

test("a listener may write, and may close the store", async () => {
  const store = sqliteStore({ path: temporaryPath() });
  const claim = await claimedOne(store);
  const writeAndClose = async (): Promise<void> => {
    await store.work.append(claim, { events: [text("from within")] });
    await store[Symbol.asyncDispose]();
  };
  let inner: Promise<void> | undefined;
  const watch = store.log.watch((hint) => {
    if (hint.topic !== "events") return;
    inner ??= writeAndClose();
  });
  const appended = await Promise.all([
    store.work.append(claim, { events: [text("one")] }),
    store.work.append(claim, { events: [text("two")] }),
  ]);
  await inner;
  watch[Symbol.dispose]();
  expect(appended.flat().map(({ seq }) => seq)).toEqual([3, 4]);
});

test("closing commits what is in line; afterwards everything is refused with STORE_CLOSED", async () => {
  const path = temporaryPath();
  const store = sqliteStore({ path });
  const accepting = store.intake.accept({ messages: [directMessage({ id: "last" })] });
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await expect(accepting).resolves.toMatchObject([{ result: "task" }]);
  const closed = { code: "STORE_CLOSED" };
  await expect(store.intake.accept({ messages: [directMessage()] })).rejects.toMatchObject(closed);
  await expect(store.queries.task("last", all)).rejects.toMatchObject(closed);
  await expect(store.log.head()).rejects.toMatchObject(closed);
  await using again = sqliteStore({ path });
  expect(await again.queries.task("last", all)).toMatchObject({ id: "last" });
});

test("many readers read whole pages while others append", async () => {
  await using store = sqliteStore({ path: temporaryPath() });
  const claims = await claimed(store, 8);
  let isOver = false;
  const append = async (index: number): Promise<void> => {
    for (let round = 0; round < 40; round++)
      await store.work.append(at(claims, index), { events: [text("a"), text("b")] });
  };
  const read = async (taskId: string | undefined): Promise<readonly number[]> => {
    const seen: number[] = [];
    for (let after: string | null = null; ;) {
      const isLast = isOver;
      const filter = taskId === undefined ? {} : { taskId };
      const page = await store.log.read({ scope: all, after, limit: 7, ...filter });
      seen.push(...page.events.map(({ seq }) => seq));
      after = page.next;
      if (page.atHead && isLast) return seen;
      if (page.atHead) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const readers = claims.map(async ({ taskId }) => await read(taskId));
  const whole = read(undefined);
  await Promise.all(claims.map(async (_, index) => await append(index)));
  isOver = true;
  const expected = Array.from({ length: 82 }, (_, index) => index + 1);
  for (const seqs of await Promise.all(readers)) expect(seqs).toEqual(expected);
  expect((await whole).length).toBe(8 * 82);
});

test("a second connection's commit is noticed: nothing stale is built upon", async () => {
  const path = temporaryPath();
  await using store = sqliteStore({ path });
  const claim = await claimedOne(store);
  await store.work.append(claim, { events: [text("one")] });
  {
    await using other = sqliteStore({ path });
    await other.work.append(claim, { events: [text("two")], progress: 0.5 });
  }
  const [event] = await store.work.append(claim, { events: [text("three")] });
  expect(event?.seq).toBe(5);
  expect(await store.queries.task(claim.taskId, all)).toMatchObject({ progress: 0.5 });
});
