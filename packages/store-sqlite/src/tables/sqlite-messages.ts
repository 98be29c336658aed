import type { DatabaseSync } from "node:sqlite";
import type { Json, MessageRow, MessageTable } from "@agent-bridge/core";
import {
  behind,
  countIn,
  exact,
  highestOf,
  keepHighest,
  original,
  pageSize,
  paged,
  parsed,
  placeIn,
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
    agingTime: raw["aging"] === null ? null : Number(raw["aging"]),
  };
}

const rowIn = (raw: Raw | undefined): MessageRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

const waiting = "is_acknowledged = 0 AND channel IS NOT NULL AND channel = ?";
const messagesSql = {
  known: "SELECT * FROM message WHERE scope = ? AND key = ?",
  insert: `INSERT INTO message (ord, scope, key, hash, channel, ack, task, about, is_acknowledged, aging)
     VALUES (${highestOf("message", "ord")} + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  update: "UPDATE message SET is_acknowledged = ?, aging = ? WHERE ord = ?",
  find: "SELECT * FROM message WHERE ord = ?",
  unacknowledged: `SELECT * FROM message WHERE ${waiting} AND ord > ? ORDER BY ord LIMIT ${pageSize}`,
  countUnacknowledged: `SELECT count(*) AS count FROM message WHERE ${waiting}`,
  position: "SELECT value FROM position WHERE channel = ?",
  savePosition:
    "INSERT INTO position VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET value = excluded.value",
  ofTask: "SELECT * FROM message WHERE task = ?",
  aged: `SELECT * FROM message INDEXED BY message_aging
     WHERE aging IS NOT NULL AND (is_acknowledged = 1 OR channel IS NULL) AND ${behind("aging")} ORDER BY aging, ord LIMIT ?`,
  remove: "DELETE FROM message WHERE ord = ?",
  keepHighest: keepHighest("message"),
} as const;

/** Messages in SQLite: what is known, what waits for its acknowledgement, and the poll positions. */
export function sqliteMessages(db: DatabaseSync): MessageTable {
  const sql = prepareAll(db, messagesSql);
  return {
    known: (scope, key) => rowIn(sql.known.get(exact(scope), exact(key))),
    insert: ({ dedupe, from, taskId, aboutId, isAcknowledged, agingTime }) =>
      void sql.insert.run(
        dedupe === null ? null : exact(dedupe.scope),
        dedupe === null ? null : exact(dedupe.key),
        dedupe?.hash ?? null,
        from?.channel ?? null,
        from === null ? null : JSON.stringify(from.ack),
        taskId,
        aboutId,
        isAcknowledged ? 1 : 0,
        agingTime,
      ),
    update: (row) => void sql.update.run(row.isAcknowledged ? 1 : 0, row.agingTime, row.order),
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
    ofTask: (taskId) => sql.ofTask.all(taskId).map(toRow),
    aged: (request) => sql.aged.all(...placeIn(request)).map(toRow),
    remove: ({ order }) => {
      sql.remove.run(order);
      sql.keepHighest.run(order, order);
    },
  };
}
