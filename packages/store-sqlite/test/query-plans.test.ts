import { DatabaseSync } from "node:sqlite";
import type { BridgeEvent, Store } from "@agent-bridge/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sqliteStore } from "../src/index.ts";
import { temporaryPath } from "./fixtures/folders.ts";
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

/** Every statement that was prepared. */
const prepared = new Set<string>();

beforeEach(() => {
  prepared.clear();
  const prepare = DatabaseSync.prototype.prepare;
  vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ) {
    prepared.add(sql);
    return prepare.call(this, sql);
  });
});

afterEach(() => vi.restoreAllMocks());

/** Calls what prepares statements only when it is first called. */
async function useLists(store: Store): Promise<void> {
  const page = { limit: 10, after: null };
  const mine = { owner: "owner" };
  for (const scope of [all, mine]) {
    await store.queries.conversations(scope, page);
    for (const filter of [
      {},
      { kind: "prompt" },
      { runner: "runner" },
      { conversationId: "c" },
      { status: ["running" as const] },
      { status: ["failed" as const] },
      { status: ["failed" as const, "completed" as const] },
    ])
      await store.queries.tasks({ scope, ...filter }, page);
  }
}

/** What may look at a whole table or index, and why that is little. */
const mayScan = [
  // One row for each status.
  "task_count",
  // Partial indexes that hold what is open only.
  "question USING COVERING INDEX question_open",
  "outbox USING COVERING INDEX outbox_node",
  // What nobody has looked at yet; for the status display.
  "dead_letter USING COVERING INDEX",
  // One row for each channel that strangers write to.
  "counted",
  // The leases of one installation are a handful.
  "lease",
  // The list that a caller gave, and no table at all.
  "json_each",
  "CONSTANT ROW",
];

/** What is sorted: the first item of each line of several channels. */
const maySort = ["FROM outbox WHERE is_open = 1 AND is_head = 1"];

test("no statement looks at all of a table that grows", async () => {
  const path = temporaryPath();
  await using store = sqliteStore({ path });
  await useLists(store);
  const db = new DatabaseSync(path);
  const scans: string[] = [];
  let explained = 0;
  for (const sql of prepared) {
    if (!/^\s*(SELECT|WITH|UPDATE|INSERT|DELETE)/u.test(sql)) continue;
    explained++;
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    for (const { detail } of plan) {
      const isScan = detail.startsWith("SCAN") && !mayScan.some((name) => detail.includes(name));
      const isSort =
        detail.includes("USE TEMP B-TREE") && !maySort.some((part) => sql.includes(part));
      if (isScan || isSort) scans.push(`${detail}: ${sql}`);
    }
  }
  db.close();
  expect(explained).toBeGreaterThan(50);
  expect(scans).toEqual([]);
});

test.each([
  ["the first open task of each lane", "is_head = 1 AND runner = ?", "task_head"],
  ["the lane of a conversation", "is_open = 1 AND conversation = ?", "task_lane"],
  ["what an owner has open", "AS bytes FROM task INDEXED BY task_owner", "task_owner_load"],
  ["what a conversation has open", "WHERE is_open = 1 AND conversation = ?", "task_lane"],
  ["what no budget counts any more", "FROM budget WHERE until <= ?", "budget_until"],
  ["what may be sent", "FROM outbox WHERE is_open = 1 AND is_head = 1", "outbox_head"],
  ["the line of a destination", "FROM outbox WHERE is_open = 1 AND line = ?", "outbox_line"],
  ["what may be acknowledged", "FROM message WHERE is_acknowledged = 0", "message_waiting"],
  ["whether a message is known", "FROM message WHERE scope = ?", "message_key"],
  ["open tasks of everybody", "is_open = 1 AND status = ?", "task_open"],
  [
    "the tasks of an owner",
    "JOIN answer ON answer.task = task.ord WHERE TRUE AND owner = ? AND ord",
    "task_owner",
  ],
  ["failed tasks", "TRUE AND status = ?", "task_status"],
  ["what ended first", "FROM task INDEXED BY task_ended", "task_ended"],
  ["whether a conversation has a task", "WHERE conversation = ? LIMIT 1", "task_conversation"],
  ["the keys that were unused longest", "FROM message INDEXED BY message_aging", "message_aging"],
  ["the messages of a task", "FROM message WHERE task = ?", "message_task"],
  ["the conversations unused longest", "FROM conversation WHERE (active", "conversation_active"],
  ["what a task said", "DELETE FROM history", "history_task"],
  ["the texts of a task", "DELETE FROM outbox WHERE task = ?", "outbox_task"],
  ["the dead letters of a task", "FROM dead_letter WHERE task = ?", "dead_letter_task"],
])("%s is found by its index", async (_, part, index) => {
  const path = temporaryPath();
  await using store = sqliteStore({ path });
  await useLists(store);
  const found = [...prepared].filter((sql) => sql.includes(part));
  expect(found.length).toBeGreaterThan(0);
  const db = new DatabaseSync(path);
  for (const sql of found) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    expect(plan.map(({ detail }) => detail).join("\n")).toContain(`INDEX ${index} `);
  }
  db.close();
});

test("a page of one task's 20,000 events, among 1,000 other tasks, costs its length and two stretches at most", async () => {
  await using store = sqliteStore({ path: temporaryPath() });
  const claims = await claimed(store, 1_001);
  const big = at(claims, 0);
  const ten = Array.from({ length: 10 }, (_, index) => text(String(index)));
  for (let round = 0; round < 20; round++) {
    const appends = Array.from({ length: 100 }, async (_, index) => {
      await store.work.append(at(claims, 1 + ((round * 100 + index) % 1_000)), {
        events: [text("other")],
      });
      return await store.work.append(big, { events: ten });
    });
    await Promise.all(appends);
  }
  const events = await eventsOf(store, big.taskId);
  expect(events).toHaveLength(20_002);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const read = async (after: string | null, limit: number): Promise<readonly BridgeEvent[]> => {
    let page: readonly BridgeEvent[] = [];
    const rows = await rowsReadBy(async () => {
      const request = { scope: all, taskId: big.taskId, after, limit };
      page = (await store.log.read(request)).events;
    });
    expect(rows).toBeLessThanOrEqual(limit + 128 + 6);
    return page;
  };
  const limits = [1, 2, 64, 65, 100, 1_000];
  const places = [0, 1, 62, 63, 64, 65, 5_000, 9_999, 19_900, 19_999, 20_001];
  for (const limit of limits) {
    expect(await read(null, limit)).toEqual(events.slice(0, limit));
    for (const place of places)
      expect(await read(at(events, place).cursor, limit)).toEqual(
        events.slice(place + 1, place + 1 + limit),
      );
  }
  // Cursors that other tasks' events gave are as good.
  const log = await eventsOf(store);
  for (const { cursor } of await eventsOf(store, at(claims, 500).taskId)) {
    const after = log.findIndex((event) => event.cursor === cursor);
    const expected = log.slice(after + 1).filter(({ taskId }) => taskId === big.taskId);
    for (const limit of limits) expect(await read(cursor, limit)).toEqual(expected.slice(0, limit));
  }
});

test("a claim, and what is due, cost the same after 100,000 ended tasks", async () => {
  const path = temporaryPath();
  await using store = sqliteStore({ path });
  const claim = await claimedOne(store);
  await store.work.finish(claim, finishing("first"));
  const measure = async (key: string): Promise<number> => {
    await store.intake.accept({ messages: [channelMessage(key)] });
    return await rowsReadBy(async () => {
      const claims = await store.work.claim({
        worker,
        runners: ["runner"],
        leaseMs: 60_000,
        limit: 5,
      });
      expect(claims).toHaveLength(1);
      await store.work.finish(at(claims, 0), finishing("done"));
      const due = await store.outbox.due(["chat"], 10);
      await store.outbox.sending(
        due.map(({ id }) => id),
        worker,
        60_000,
      );
      for (const { id } of due)
        await store.outbox.delivered(id, worker, { ref: null, repeated: false });
      for (const ack of await store.intake.acksDue("chat", "log"))
        await store.intake.acknowledged("chat", ack.messages);
      await store.queries.stats();
    });
  };
  await measure("warm");
  const before = await measure("before");
  const db = new DatabaseSync(path);
  db.exec(`
    WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 100000)
    INSERT INTO task (id, owner, kind, runner, conversation, status, is_open, is_head, node, live)
    SELECT 'ended_' || n, owner, kind, runner, 'c' || (n % 100), status, 0, 0, node, live FROM many, task WHERE task.ord = 1;
    INSERT INTO request SELECT ord, (SELECT body FROM request WHERE task = 1) FROM task WHERE ord > 3;
    INSERT INTO answer SELECT ord, '"x"' FROM task WHERE ord > 3;
  `);
  db.close();
  expect(await measure("after")).toBe(before);
  const { tasks } = await store.queries.stats();
  expect(tasks.completed).toBe(100_004);
  const { items } = await store.queries.tasks(
    { scope: all, status: ["pending"] },
    { limit: 5, after: null },
  );
  expect(items).toEqual([]);
});

test("an append that changes the log only writes no task", async () => {
  const path = temporaryPath();
  await using store = sqliteStore({ path });
  const claim = await claimedOne(store);
  await store.intake.accept({ messages: [directMessage()] });
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE written (n INTEGER)");
  db.exec("CREATE TRIGGER note AFTER UPDATE ON task BEGIN INSERT INTO written VALUES (1); END");
  const written = () => db.prepare("SELECT count(*) AS count FROM written").get();
  for (let index = 0; index < 5; index++)
    await store.work.append(claim, { events: [text("more")] });
  // The first one after another connection's write finds nothing in memory.
  expect(Number(written()?.["count"])).toBeLessThanOrEqual(1);
  await store.work.append(claim, { events: [], progress: 0.5 });
  expect(Number(written()?.["count"])).toBeGreaterThanOrEqual(1);
  db.close();
  expect(await store.queries.task(claim.taskId, all)).toMatchObject({ progress: 0.5 });
});
