import type { DatabaseSync } from "node:sqlite";
import type { EventRow, EventTable } from "@agent-bridge/core";
import { prepareAll, type Raw } from "./statements.ts";

/** Every so many events of a task, its place is kept, so that a page of its events is found without reading all. */
const anchorEvery = 64;

const columns =
  "event.position, event.seq, event.at, event.type, event.body, event.cut_bytes, task.id AS task_id, task.conversation";

function toRow(raw: Raw): EventRow {
  return {
    position: Number(raw["position"]),
    taskId: raw["task_id"] as string,
    conversationId: raw["conversation"] as string | null,
    seq: Number(raw["seq"]),
    at: Number(raw["at"]),
    type: raw["type"] as EventRow["type"],
    body: raw["body"] as string,
    cutBytes: raw["cut_bytes"] as number | null,
  };
}

const eventsSql = {
  taskOf: "SELECT ord, position, seq FROM task LEFT JOIN tail ON tail.task = ord WHERE id = ?",
  insert:
    "INSERT INTO event (task, seq, prev, at, type, body, cut_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
  setTail:
    "INSERT INTO tail VALUES (?, ?, ?) ON CONFLICT (task) DO UPDATE SET position = excluded.position, seq = excluded.seq",
  setAnchor: "INSERT INTO anchor VALUES (?, ?, ?)",
  head: "SELECT max(position) AS position FROM event",
  anchorAfter:
    "SELECT position, seq FROM anchor WHERE task = ? AND position > ? ORDER BY position LIMIT 1",
  anchorFrom:
    "SELECT position FROM anchor WHERE task = ? AND position >= ? AND seq >= ? ORDER BY position LIMIT 1",
  chain: `WITH RECURSIVE chain (position, prev) AS (
       SELECT position, prev FROM event WHERE position = ?1
       UNION ALL
       SELECT event.position, event.prev FROM chain JOIN event ON event.position = chain.prev WHERE chain.prev > ?2
     )
     SELECT ${columns} FROM chain JOIN event ON event.position = chain.position JOIN task ON task.ord = event.task
     ORDER BY event.position LIMIT ?3`,
  range: `SELECT ${columns} FROM event JOIN task ON task.ord = event.task
     WHERE event.position > ?1 AND event.position <= ?2
       AND (?3 IS NULL OR task.owner = ?3) AND (?4 IS NULL OR task.conversation = ?4)
       AND (?5 IS NULL OR event.type IN (SELECT value FROM json_each(?5)))
     ORDER BY event.position LIMIT ?6`,
} as const;

/**
 * The log in SQLite. One task's events are found by following the chain back from an anchor, or from the
 * task's last event: a page costs its own length and at most two stretches between anchors.
 */
export function sqliteEvents(db: DatabaseSync): EventTable {
  const sql = prepareAll(db, eventsSql);

  /** From where to follow the chain back for a page that begins after a position. */
  const endOfPage = (task: number, of: { after: number; limit: number; tail: number }): number => {
    const first = sql.anchorAfter.get(task, of.after);
    if (first === undefined) return of.tail;
    const last = sql.anchorFrom.get(
      task,
      Number(first["position"]),
      Number(first["seq"]) + of.limit,
    );
    return last === undefined ? of.tail : Number(last["position"]);
  };

  return {
    append: (event) => {
      const task = sql.taskOf.get(event.taskId);
      if (task === undefined) throw new TypeError(`There is no task ${event.taskId} to append to.`);
      const order = Number(task["ord"]);
      const seq = Number(task["seq"] ?? 0) + 1;
      const position = sql.insert.run(
        order,
        seq,
        Number(task["position"] ?? 0),
        event.at,
        event.type,
        event.body,
        event.cutBytes,
      );
      sql.setTail.run(order, position, seq);
      if (seq % anchorEvery === 0) sql.setAnchor.run(order, position, seq);
      return { ...event, seq, position };
    },
    head: () => Number(sql.head.get()?.["position"] ?? 0),
    ofTask: (taskId, after, limit) => {
      const task = sql.taskOf.get(taskId);
      const tail = Number(task?.["position"] ?? 0);
      if (task === undefined || tail <= after) return [];
      const end = endOfPage(Number(task["ord"]), { after, limit, tail });
      return sql.chain.all(end, after, limit).map(toRow);
    },
    range: ({ after, through, limit, owner, conversationId, types }) =>
      sql.range
        .all(
          after,
          through,
          owner,
          conversationId,
          types === null ? null : JSON.stringify(types),
          limit,
        )
        .map(toRow),
  };
}
