import type { DatabaseSync } from "node:sqlite";
import type { EventRow, EventTable } from "@agent-bridge/core";
import { prepare, type Raw } from "./statements.ts";

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

/**
 * The log in SQLite. One task's events are found by following the chain back from an anchor, or from the
 * task's last event: a page costs its own length and at most two stretches between anchors.
 */
export function sqliteEvents(db: DatabaseSync): EventTable {
  const taskOf = prepare(
    db,
    "SELECT ord, position, seq FROM task LEFT JOIN tail ON tail.task = ord WHERE id = ?",
  );
  const insert = prepare(
    db,
    "INSERT INTO event (task, seq, prev, at, type, body, cut_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const setTail = prepare(
    db,
    "INSERT INTO tail VALUES (?, ?, ?) ON CONFLICT (task) DO UPDATE SET position = excluded.position, seq = excluded.seq",
  );
  const setAnchor = prepare(db, "INSERT INTO anchor VALUES (?, ?, ?)");
  const head = prepare(db, "SELECT max(position) AS position FROM event");
  const anchorAfter = prepare(
    db,
    "SELECT position, seq FROM anchor WHERE task = ? AND position > ? ORDER BY position LIMIT 1",
  );
  const anchorFrom = prepare(
    db,
    "SELECT position FROM anchor WHERE task = ? AND position >= ? AND seq >= ? ORDER BY position LIMIT 1",
  );
  const chain = prepare(
    db,
    `WITH RECURSIVE chain (position, prev) AS (
       SELECT position, prev FROM event WHERE position = ?1
       UNION ALL
       SELECT event.position, event.prev FROM chain JOIN event ON event.position = chain.prev WHERE chain.prev > ?2
     )
     SELECT ${columns} FROM chain JOIN event ON event.position = chain.position JOIN task ON task.ord = event.task
     ORDER BY event.position LIMIT ?3`,
  );
  const range = prepare(
    db,
    `SELECT ${columns} FROM event JOIN task ON task.ord = event.task
     WHERE event.position > ?1 AND event.position <= ?2
       AND (?3 IS NULL OR task.owner = ?3) AND (?4 IS NULL OR task.conversation = ?4)
       AND (?5 IS NULL OR event.type IN (SELECT value FROM json_each(?5)))
     ORDER BY event.position LIMIT ?6`,
  );

  /** From where to follow the chain back for a page that begins after a position. */
  const endOfPage = (task: number, of: { after: number; limit: number; tail: number }): number => {
    const first = anchorAfter.get(task, of.after);
    if (first === undefined) return of.tail;
    const last = anchorFrom.get(task, Number(first["position"]), Number(first["seq"]) + of.limit);
    return last === undefined ? of.tail : Number(last["position"]);
  };

  return {
    append: (event) => {
      const task = taskOf.get(event.taskId);
      if (task === undefined) throw new TypeError(`There is no task ${event.taskId} to append to.`);
      const order = Number(task["ord"]);
      const seq = Number(task["seq"] ?? 0) + 1;
      const position = insert.run(
        order,
        seq,
        Number(task["position"] ?? 0),
        event.at,
        event.type,
        event.body,
        event.cutBytes,
      );
      setTail.run(order, position, seq);
      if (seq % anchorEvery === 0) setAnchor.run(order, position, seq);
      return { ...event, seq, position };
    },
    head: () => Number(head.get()?.["position"] ?? 0),
    ofTask: (taskId, after, limit) => {
      const task = taskOf.get(taskId);
      const tail = Number(task?.["position"] ?? 0);
      if (task === undefined || tail <= after) return [];
      const end = endOfPage(Number(task["ord"]), { after, limit, tail });
      return chain.all(end, after, limit).map(toRow);
    },
    range: ({ after, through, limit, owner, conversationId, types }) =>
      range
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
