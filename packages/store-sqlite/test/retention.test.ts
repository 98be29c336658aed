import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { sqliteStore } from "../src/index.ts";
import { applicationId } from "../src/file-header.ts";
import { migrations } from "../src/migrations.ts";
import { temporaryPath } from "./fixtures/folders.ts";
import { addManyEvents } from "./fixtures/many-events.ts";
import {
  all,
  at,
  channelMessage,
  claimed,
  claimedOne,
  directMessage,
  eventsOf,
  finishing,
  text,
  worker,
} from "./fixtures/messages.ts";
import { rowsReadBy } from "./fixtures/rows-read.ts";

const dayMs = 24 * 60 * 60_000;
const mebibyte = 1024 * 1024;

const sizeOf = (path: string): number =>
  statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);

/** Removes ended tasks in steps until nothing is left to remove. */
async function removeTasks(
  store: Store,
  of: {
    readonly olderThanMs: number;
    readonly around?: (step: () => Promise<void>) => Promise<void>;
  },
): Promise<{ tasks: number; events: number }> {
  const removed = { tasks: 0, events: 0 };
  let after: string | null = null;
  const step = async (): Promise<void> => {
    const { olderThanMs } = of;
    const found = await store.retention.removeTasks({
      olderThanMs,
      keepBytes: 0,
      limit: 100,
      after,
    });
    removed.tasks += found.count;
    removed.events += found.events;
    after = found.next;
  };
  do await (of.around?.(step) ?? step());
  while (after !== null);
  return removed;
}

async function giveBack(store: Store): Promise<number> {
  let steps = 1;
  while (await store.retention.giveBack(4 * mebibyte)) steps++;
  return steps;
}

/** Tasks that have to stay: one running, one pending, one whose reply is to be sent. */
async function keptTasks(store: Store): Promise<readonly string[]> {
  const running = await claimedOne(store);
  await store.work.append(running, { events: Array.from({ length: 200 }, () => text("working")) });
  await store.intake.accept({ messages: [channelMessage("to be sent")] });
  const [replied] = await store.work.claim({
    worker,
    runners: ["runner"],
    leaseMs: 60_000,
    limit: 1,
  });
  if (replied === undefined) throw new Error("It is claimable.");
  await store.work.finish(replied, finishing("to be sent"));
  const [pending] = await store.intake.accept({ messages: [directMessage()] });
  if (pending?.result !== "task") throw new Error("It is a task.");
  return [running.taskId, replied.taskId, pending.task.id];
}

test("S26 a million events and answers of 10 MB: after retention the file is small, nothing open is lost, and a start reads as little as on an empty one", async () => {
  const path = temporaryPath();
  const emptyPath = temporaryPath();
  const starting = async (of: string): Promise<number> =>
    await rowsReadBy(async () => {
      await using store = sqliteStore({ path: of });
      await store.work.forfeit({ node: "node", boot: "later" });
      await store.queries.stats();
      await store.log.head();
    });
  await sqliteStore({ path: emptyPath })[Symbol.asyncDispose]();
  const atEmpty = await starting(emptyPath);
  let kept: readonly string[];
  {
    await using store = sqliteStore({ path });
    for (const claim of await claimed(store, 5))
      await store.work.finish(claim, finishing("z".repeat(10 * mebibyte)));
    kept = await keptTasks(store);
  }
  addManyEvents(path, { tasks: 10_000, events: 100, endedAt: Date.now() - dayMs });
  const atFull = await starting(path);
  expect(atFull).toBeLessThan(atEmpty + 30);
  const before = sizeOf(path);
  expect(before).toBeGreaterThan(100 * mebibyte);
  await using store = sqliteStore({ path });
  const logs = await Promise.all(kept.map(async (id) => await eventsOf(store, id)));
  let most = 0;
  const removed = await removeTasks(store, {
    olderThanMs: 0,
    around: async (step) => {
      most = Math.max(most, await rowsReadBy(step));
    },
  });
  expect(removed.tasks).toBe(10_005);
  expect(removed.events).toBeGreaterThan(1_000_000);
  // A step looks at a hundred tasks and deletes at most three thousand events.
  expect(most).toBeLessThan(6_000);
  expect(await giveBack(store)).toBeGreaterThan(10);
  expect(sizeOf(path)).toBeLessThan(before / 50);
  const { usedBytes, totalBytes } = await store.retention.size();
  expect(totalBytes).toBeLessThan(usedBytes + mebibyte);
  expect(await Promise.all(kept.map(async (id) => await eventsOf(store, id)))).toEqual(logs);
  expect((await store.queries.stats()).tasks).toMatchObject({
    running: 1,
    pending: 1,
    completed: 1,
  });
  expect(await store.outbox.due(["chat"], 10)).toMatchObject([{ text: "to be sent" }]);
  expect((await eventsOf(store)).length).toBe(logs.flat().length);
  await store[Symbol.asyncDispose]();
  expect(await starting(path)).toBeLessThan(atEmpty + 30);
}, 120_000);

test("what a removal has left is deleted by the steps after a restart, and nobody sees it meanwhile", async () => {
  const path = temporaryPath();
  const count = (): number => {
    const db = new DatabaseSync(path);
    const found = db.prepare("SELECT count(*) AS count FROM event").get();
    db.close();
    return Number(found?.["count"]);
  };
  const step = { olderThanMs: 0, keepBytes: 0, limit: 10, after: null };
  {
    await using store = sqliteStore({ path });
    const claim = await claimedOne(store);
    for (let round = 0; round < 5; round++)
      await store.work.append(claim, { events: Array.from({ length: 1_000 }, () => text("x")) });
    await store.work.finish(claim, finishing("done"));
    await store.intake.accept({ messages: [directMessage()] });
    expect(await store.retention.removeTasks(step)).toMatchObject({ count: 1, events: 5_003 });
  }
  expect(count()).toBe(5_004);
  await using store = sqliteStore({ path });
  expect(await eventsOf(store)).toHaveLength(1);
  await store.retention.removeTasks(step);
  expect(count()).toBe(2_004);
  expect(await removeTasks(store, { olderThanMs: 0 })).toEqual({ tasks: 0, events: 0 });
  expect(count()).toBe(1);
});

test("S34 a full file takes new work again once retention has made room", async () => {
  await using store = sqliteStore({ path: temporaryPath(), maxPages: 400 });
  const large = { input: { payload: { text: "x".repeat(20_000) }, prompt: "large" } };
  const fill = async (): Promise<void> => {
    for (let index = 0; index < 1_000; index++) {
      await store.intake.accept({ messages: [directMessage(large)] });
      const claims = await store.work.claim({
        worker,
        runners: ["runner"],
        leaseMs: 60_000,
        limit: 1,
      });
      await store.work.finish(at(claims, 0), finishing("done"));
    }
  };
  for (let round = 0; round < 3; round++) {
    await expect(fill()).rejects.toMatchObject({ code: "STORE_FULL" });
    expect((await removeTasks(store, { olderThanMs: 0 })).tasks).toBeGreaterThan(10);
    await giveBack(store);
    const [accepted] = await store.intake.accept({ messages: [directMessage(large)] });
    expect(accepted).toMatchObject({ result: "task" });
    const claims = await store.work.claim({
      worker,
      runners: ["runner"],
      leaseMs: 60_000,
      limit: 9,
    });
    for (const claim of claims) await store.work.finish(claim, finishing("done"));
  }
});

/** A file of the schema before there was retention, with the contents of another. */
function asBefore(path: string, contents: string): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA application_id = ${applicationId}`);
  const steps = migrations.findIndex((step) => step.includes("ADD COLUMN ended"));
  for (const step of migrations.slice(0, steps)) db.exec(step);
  db.exec(`PRAGMA user_version = ${steps}; ATTACH '${contents}' AS contents`);
  const tables = db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").all();
  db.exec("DELETE FROM task_count");
  for (const { name } of tables as { name: string }[]) {
    if (name === "task_count") continue;
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${name}', 'main')`).all();
    const list = columns.map((column) => String(column["name"])).join(", ");
    db.exec(`INSERT INTO main.${name} (${list}) SELECT ${list} FROM contents.${name}`);
  }
  db.close();
}

test("a file from before there was retention is brought up: what ended is as old as it is, and goes", async () => {
  const contents = temporaryPath();
  const path = temporaryPath();
  let kept: readonly string[];
  {
    await using store = sqliteStore({ path: contents });
    for (const claim of await claimed(store, 3)) await store.work.finish(claim, finishing("done"));
    kept = await keptTasks(store);
    const conversation = {
      newId: "c",
      channel: null,
      workspace: "here",
      key: "k",
      keepsSession: true,
    };
    await store.intake.accept({ messages: [directMessage({ conversation })] });
    const [item] = await store.outbox.due(["chat"], 1);
    await store.outbox.sending([item?.id ?? ""], worker, 60_000);
    const letter = { id: "d", reason: "reply_refused", detail: "" } as const;
    await store.outbox.dead(item?.id ?? "", worker, letter);
    for (const { channel, messages } of await store.intake.acksDue("chat", "log"))
      await store.intake.acknowledged(channel, messages);
  }
  asBefore(path, contents);
  await using store = sqliteStore({ path });
  expect(await store.queries.stats()).toMatchObject({ tasks: { completed: 4 }, deadLetters: 1 });
  expect((await removeTasks(store, { olderThanMs: dayMs })).tasks).toBe(0);
  expect((await removeTasks(store, { olderThanMs: 0 })).tasks).toBe(3);
  for (const id of kept) expect(await store.queries.task(id, all)).toMatchObject({ id });
  const conversations = { olderThanMs: dayMs, limit: 10, after: null };
  expect(await store.retention.removeConversations(conversations)).toMatchObject({ count: 0 });
  const none = { olderThanMs: 0, limit: 10, after: null, keepCount: 10, keepBytes: mebibyte };
  expect(await store.retention.removeDeadLetters(none)).toMatchObject({ count: 1 });
  expect((await removeTasks(store, { olderThanMs: 0 })).tasks).toBe(1);
  const head = await store.log.head();
  const [next] = await store.intake.accept({ messages: [directMessage()] });
  expect(next).toMatchObject({ result: "task" });
  const { events } = await store.log.read({ scope: all, after: head, limit: 10 });
  expect(events).toMatchObject([{ type: "task.created", seq: 1 }]);
});
