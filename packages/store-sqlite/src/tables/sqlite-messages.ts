import type { DatabaseSync } from "node:sqlite";
import type { Json, MessageRow, MessageTable } from "@agent-bridge/core";
import {
  countIn,
  exact,
  original,
  pageSize,
  paged,
  parsed,
  prepareAll,
  type Raw,
} from "./statements.ts";

function toRow(raw: Raw): MessageRow {
  const text = (column: string): string | null =>
    raw[column] === null ? null : original(raw[column] as string);
  const scope = text("scope");
  const channel = text("channel");
  return {
    order: Number(raw["ord"]),
    dedupe: scope === null ? null : { scope, key: text("key") ?? "", hash: text("hash") },
    from: channel === null ? null : { channel, ack: parsed<Json>(raw, "ack") },
    taskId: text("task"),
    aboutId: text("about"),
    isAcknowledged: raw["is_acknowledged"] === 1,
  };
}

const rowIn = (raw: Raw | undefined): MessageRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

const waiting = "is_acknowledged = 0 AND channel IS NOT NULL AND channel = ?";
const messagesSql = {
  known: "SELECT * FROM message WHERE scope = ? AND key = ?",
  insert:
    "INSERT INTO message (scope, key, hash, channel, ack, task, about, is_acknowledged) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  update: "UPDATE message SET is_acknowledged = ? WHERE ord = ?",
  find: "SELECT * FROM message WHERE ord = ?",
  unacknowledged: `SELECT * FROM message WHERE ${waiting} AND ord > ? ORDER BY ord LIMIT ${pageSize}`,
  countUnacknowledged: `SELECT count(*) AS count FROM message WHERE ${waiting}`,
  position: "SELECT value FROM position WHERE channel = ?",
  savePosition:
    "INSERT INTO position VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET value = excluded.value",
} as const;

/** Messages in SQLite: what is known, what waits for its acknowledgement, and the poll positions. */
export function sqliteMessages(db: DatabaseSync): MessageTable {
  const sql = prepareAll(db, messagesSql);
  return {
    known: (scope, key) => rowIn(sql.known.get(exact(scope), exact(key))),
    insert: ({ dedupe, from, taskId, aboutId, isAcknowledged }) =>
      void sql.insert.run(
        dedupe === null ? null : exact(dedupe.scope),
        dedupe === null ? null : exact(dedupe.key),
        dedupe?.hash ?? null,
        from?.channel ?? null,
        from === null ? null : JSON.stringify(from.ack),
        taskId,
        aboutId,
        isAcknowledged ? 1 : 0,
      ),
    update: (row) => void sql.update.run(row.isAcknowledged ? 1 : 0, row.order),
    find: (order) => rowIn(sql.find.get(order)),
    unacknowledged: function* (channel) {
      for (const raw of paged((after) => sql.unacknowledged.all(channel, after))) yield toRow(raw);
    },
    countUnacknowledged: (channel) => countIn(sql.countUnacknowledged.get(channel)),
    position: (channel) => {
      const raw = sql.position.get(channel);
      return raw === undefined ? null : parsed<Json>(raw, "value");
    },
    savePosition: (channel, value) => void sql.savePosition.run(channel, JSON.stringify(value)),
  };
}
