import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import type {
  DeadLetterRow,
  DeadLetterTable,
  LeaseRow,
  LeaseTable,
  New,
  QuestionRow,
  QuestionTable,
  Tables,
} from "@agent-bridge/core";
import type { Kept } from "../kept.ts";
import { sqliteBudgets } from "./sqlite-budgets.ts";
import { sqliteConversations } from "./sqlite-conversations.ts";
import { sqliteEvents } from "./sqlite-events.ts";
import { sqliteMessages } from "./sqlite-messages.ts";
import { sqliteOutbox } from "./sqlite-outbox.ts";
import { sqliteSpace } from "./sqlite-space.ts";
import { sqliteTasks } from "./sqlite-tasks.ts";
import { countIn, parsed, prepareAll, type Raw } from "./statements.ts";

/** A row that is kept as a whole, with the order that its table gave it. */
function bodyRow<Row extends { readonly order: number }>(raw: Raw): Row {
  return { ...parsed<New<Row>>(raw, "body"), order: Number(raw["ord"]) } as Row;
}

const isOpen = ({ question }: New<QuestionRow>): number => (question.state === "open" ? 1 : 0);

const questionsSql = {
  find: "SELECT ord, body FROM question WHERE id = ?",
  insert: "INSERT INTO question (id, task, is_open, body) VALUES (?, ?, ?, ?)",
  update: "UPDATE question SET is_open = ?, body = ? WHERE ord = ?",
  ofTask: "SELECT ord, body FROM question WHERE task = ? ORDER BY ord",
  removeOf: "DELETE FROM question WHERE task = ?",
  countOpen: "SELECT count(*) AS count FROM question WHERE is_open = 1",
} as const;

function sqliteQuestions(db: DatabaseSync): QuestionTable {
  const sql = prepareAll(db, questionsSql);
  return {
    find: (id) => {
      const raw = sql.find.get(id);
      return raw === undefined ? undefined : bodyRow<QuestionRow>(raw);
    },
    insert: (row) => ({
      ...row,
      order: sql.insert.run(row.question.id, row.question.taskId, isOpen(row), JSON.stringify(row)),
    }),
    update: ({ order, ...row }) => void sql.update.run(isOpen(row), JSON.stringify(row), order),
    ofTask: (taskId) => sql.ofTask.all(taskId).map((raw) => bodyRow<QuestionRow>(raw)),
    removeOf: (taskId) => void sql.removeOf.run(taskId),
    countOpen: () => countIn(sql.countOpen.get()),
  };
}

const deadLettersSql = {
  insert:
    "INSERT INTO dead_letter (id, channel, reason, bytes, task, made, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
  find: "SELECT ord, body FROM dead_letter WHERE id = ?",
  remove: "DELETE FROM dead_letter WHERE id = ?",
  list: "SELECT ord, body FROM dead_letter WHERE ord < ? ORDER BY ord DESC LIMIT ?",
  count: "SELECT count(*) AS count FROM dead_letter",
  load: "SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM dead_letter WHERE channel = ? AND reason = ?",
  countOnly:
    "INSERT INTO counted VALUES (?, ?, 1) ON CONFLICT (channel, reason) DO UPDATE SET count = count + 1",
  onlyCounted: "SELECT channel, reason, count FROM counted ORDER BY channel, reason",
  oldest: "SELECT id, made, bytes FROM dead_letter WHERE ord > 0 ORDER BY ord LIMIT 1",
  total: "SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM dead_letter",
  firstOf: "SELECT ord FROM dead_letter WHERE task = ? LIMIT 1",
} as const;

const loadIn = (raw: Raw | undefined): { readonly count: number; readonly bytes: number } => ({
  count: countIn(raw),
  bytes: Number(raw?.["bytes"] ?? 0),
});

function sqliteDeadLetters(db: DatabaseSync): DeadLetterTable {
  const sql = prepareAll(db, deadLettersSql);
  return {
    insert: (row) =>
      void sql.insert.run(
        row.id,
        row.channel,
        row.reason,
        Buffer.byteLength(row.payload),
        row.taskId,
        row.madeTime,
        JSON.stringify(row),
      ),
    remove: (id) => void sql.remove.run(id),
    find: (id) => {
      const raw = sql.find.get(id);
      return raw === undefined ? undefined : bodyRow<DeadLetterRow>(raw);
    },
    list: ({ limit, before }) =>
      sql.list
        .all(before ?? Number.MAX_SAFE_INTEGER, limit)
        .map((raw) => bodyRow<DeadLetterRow>(raw)),
    count: () => countIn(sql.count.get()),
    load: (channel, reason) => loadIn(sql.load.get(channel, reason)),
    countOnly: (channel, reason) => void sql.countOnly.run(channel, reason),
    onlyCounted: () =>
      sql.onlyCounted.all().map((raw) => ({
        channel: raw["channel"] as string,
        reason: raw["reason"] as DeadLetterRow["reason"],
        count: countIn(raw),
      })),
    oldest: () => {
      const raw = sql.oldest.get();
      if (raw === undefined) return undefined;
      return {
        id: raw["id"] as string,
        madeTime: Number(raw["made"]),
        bytes: Number(raw["bytes"]),
      };
    },
    total: () => loadIn(sql.total.get()),
    isAnyOf: (taskId) => sql.firstOf.get(taskId) !== undefined,
  };
}

const leasesSql = {
  find: "SELECT body FROM lease WHERE name = ?",
  save: "INSERT INTO lease VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET node = excluded.node, body = excluded.body",
  remove: "DELETE FROM lease WHERE name = ?",
  ofNode: "SELECT body FROM lease WHERE node = ?",
} as const;

function sqliteLeases(db: DatabaseSync): LeaseTable {
  const sql = prepareAll(db, leasesSql);
  return {
    find: (name) => {
      const raw = sql.find.get(name);
      return raw === undefined ? undefined : parsed<LeaseRow>(raw, "body");
    },
    save: (row) => void sql.save.run(row.name, row.worker.node, JSON.stringify(row)),
    remove: (name) => void sql.remove.run(name),
    ofNode: (node) => sql.ofNode.all(node).map((raw) => parsed<LeaseRow>(raw, "body")),
  };
}

/** All tables in SQLite, and what they keep in memory. */
export function sqliteTables(
  db: DatabaseSync,
  path: string,
): { readonly tables: Tables; readonly kept: Kept } {
  const { kept: held, ...tasks } = sqliteTasks(db);
  const { kept: tails, ...events } = sqliteEvents(db);
  return {
    tables: {
      tasks,
      events,
      conversations: sqliteConversations(db),
      messages: sqliteMessages(db),
      questions: sqliteQuestions(db),
      outbox: sqliteOutbox(db),
      deadLetters: sqliteDeadLetters(db),
      leases: sqliteLeases(db),
      budgets: sqliteBudgets(db),
      space: sqliteSpace(db, path),
    },
    kept: {
      settle: () => {
        held.settle();
        tails.settle();
      },
      forget: () => {
        held.forget();
        tails.forget();
      },
    },
  };
}
