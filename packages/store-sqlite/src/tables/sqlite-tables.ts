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
import { sqliteConversations } from "./sqlite-conversations.ts";
import { sqliteEvents } from "./sqlite-events.ts";
import { sqliteMessages } from "./sqlite-messages.ts";
import { sqliteOutbox } from "./sqlite-outbox.ts";
import { sqliteTasks } from "./sqlite-tasks.ts";
import { countIn, parsed, prepare, type Raw } from "./statements.ts";

function sqliteQuestions(db: DatabaseSync): QuestionTable {
  const toRow = (raw: Raw): QuestionRow => ({
    ...parsed<New<QuestionRow>>(raw, "body"),
    order: Number(raw["ord"]),
  });
  const isOpen = ({ question }: New<QuestionRow>): number => (question.state === "open" ? 1 : 0);
  const find = prepare(db, "SELECT ord, body FROM question WHERE id = ?");
  const insert = prepare(db, "INSERT INTO question (id, task, is_open, body) VALUES (?, ?, ?, ?)");
  const update = prepare(db, "UPDATE question SET is_open = ?, body = ? WHERE ord = ?");
  const ofTask = prepare(db, "SELECT ord, body FROM question WHERE task = ? ORDER BY ord");
  const countOpen = prepare(db, "SELECT count(*) AS count FROM question WHERE is_open = 1");
  return {
    find: (id) => {
      const raw = find.get(id);
      return raw === undefined ? undefined : toRow(raw);
    },
    insert: (row) => ({
      ...row,
      order: insert.run(row.question.id, row.question.taskId, isOpen(row), JSON.stringify(row)),
    }),
    update: ({ order, ...row }) => void update.run(isOpen(row), JSON.stringify(row), order),
    ofTask: (taskId) => ofTask.all(taskId).map(toRow),
    countOpen: () => countIn(countOpen.get()),
  };
}

function sqliteDeadLetters(db: DatabaseSync): DeadLetterTable {
  const toRow = (raw: Raw): DeadLetterRow => ({
    ...parsed<New<DeadLetterRow>>(raw, "body"),
    order: Number(raw["ord"]),
  });
  const insert = prepare(
    db,
    "INSERT INTO dead_letter (id, channel, reason, bytes, body) VALUES (?, ?, ?, ?, ?)",
  );
  const find = prepare(db, "SELECT ord, body FROM dead_letter WHERE id = ?");
  const list = prepare(
    db,
    "SELECT ord, body FROM dead_letter WHERE ord < ? ORDER BY ord DESC LIMIT ?",
  );
  const count = prepare(db, "SELECT count(*) AS count FROM dead_letter");
  const load = prepare(
    db,
    "SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM dead_letter WHERE channel = ? AND reason = ?",
  );
  const countOnly = prepare(
    db,
    "INSERT INTO counted VALUES (?, ?, 1) ON CONFLICT (channel, reason) DO UPDATE SET count = count + 1",
  );
  return {
    insert: (row) =>
      void insert.run(row.id, row.channel, row.reason, row.payload.length, JSON.stringify(row)),
    find: (id) => {
      const raw = find.get(id);
      return raw === undefined ? undefined : toRow(raw);
    },
    list: ({ limit, before }) => list.all(before ?? Number.MAX_SAFE_INTEGER, limit).map(toRow),
    count: () => countIn(count.get()),
    load: (channel, reason) => {
      const raw = load.get(channel, reason);
      return { count: countIn(raw), bytes: Number(raw?.["bytes"] ?? 0) };
    },
    countOnly: (channel, reason) => void countOnly.run(channel, reason),
  };
}

function sqliteLeases(db: DatabaseSync): LeaseTable {
  const find = prepare(db, "SELECT body FROM lease WHERE name = ?");
  const save = prepare(
    db,
    "INSERT INTO lease VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET node = excluded.node, body = excluded.body",
  );
  const remove = prepare(db, "DELETE FROM lease WHERE name = ?");
  const ofNode = prepare(db, "SELECT body FROM lease WHERE node = ?");
  return {
    find: (name) => {
      const raw = find.get(name);
      return raw === undefined ? undefined : parsed<LeaseRow>(raw, "body");
    },
    save: (row) => void save.run(row.name, row.worker.node, JSON.stringify(row)),
    remove: (name) => void remove.run(name),
    ofNode: (node) => ofNode.all(node).map((raw) => parsed<LeaseRow>(raw, "body")),
  };
}

/** All tables in SQLite. */
export function sqliteTables(db: DatabaseSync): Tables {
  return {
    tasks: sqliteTasks(db),
    events: sqliteEvents(db),
    conversations: sqliteConversations(db),
    messages: sqliteMessages(db),
    questions: sqliteQuestions(db),
    outbox: sqliteOutbox(db),
    deadLetters: sqliteDeadLetters(db),
    leases: sqliteLeases(db),
  };
}
