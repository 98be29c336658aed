import type { DatabaseSync } from "node:sqlite";
import type { EventRow, EventTable } from "@agent-bridge/core";
import type { Kept } from "../kept.ts";
import { exact, prepareAll, type Raw } from "./statements.ts";

/** Every so many events of a task, its place is kept, so that a page of its events is found without reading all. */
const anchorEvery = 64;
/** Of how many tasks the end of the log is kept in memory. */
const keptTails = 10_000;

/** The end of a task's log. */
interface Tail {
  /** The row of the task. */
  readonly task: number;
  readonly position: number;
  readonly seq: number;
}

function toRow(raw: Raw, taskId: string, conversationId: string | null): EventRow {
  return {
    position: Number(raw["position"]),
    taskId,
    conversationId,
    seq: Number(raw["seq"]),
    at: Number(raw["at"]),
    type: raw["type"] as EventRow["type"],
    body: raw["body"] as string,
    cutBytes: raw["cut_bytes"] as number | null,
  };
}

const columns =
  "event.position, event.seq, event.prev, event.at, event.type, event.body, event.cut_bytes";
const eventsSql = {
  tail: `SELECT ord, conversation, coalesce(tail.position, 0) AS position, coalesce(tail.seq, 0) AS seq
     FROM task LEFT JOIN tail ON tail.task = ord WHERE id = ?`,
  insert:
    "INSERT INTO event (task, seq, prev, at, type, body, cut_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
  setTail:
    "INSERT INTO tail VALUES (?, ?, ?) ON CONFLICT (task) DO UPDATE SET position = excluded.position, seq = excluded.seq",
  setAnchor: "INSERT INTO anchor VALUES (?, ?)",
  anchor:
    "SELECT position FROM anchor WHERE task = ? AND position > ? ORDER BY position LIMIT 1 OFFSET ?",
  head: "SELECT max(position) AS position FROM event",
  at: `SELECT ${columns} FROM event WHERE position = ?`,
  range: `SELECT ${columns}, task.id AS task_id, task.conversation
     FROM event CROSS JOIN task ON task.ord = event.task
     WHERE event.position > ?1 AND event.position <= ?2
       AND (?3 IS NULL OR task.owner = ?3) AND (?4 IS NULL OR task.conversation = ?4)
       AND (?5 IS NULL OR event.type IN (SELECT value FROM json_each(?5)))
     ORDER BY event.position LIMIT ?6`,
} as const;

const toTail = (raw: Raw): Tail => ({
  task: Number(raw["ord"]),
  position: Number(raw["position"]),
  seq: Number(raw["seq"]),
});

/** The ends of the logs that grow: read once, written once in a change. */
function keepTails(sql: ReturnType<typeof prepareAll<keyof typeof eventsSql>>) {
  const tails = new Map<string, Tail>();
  const moved = new Set<string>();
  const kept: Kept = {
    settle: () => {
      for (const taskId of moved) {
        const tail = tails.get(taskId);
        if (tail !== undefined) sql.setTail.run(tail.task, tail.position, tail.seq);
      }
      moved.clear();
      if (tails.size > keptTails) tails.clear();
    },
    forget: () => {
      tails.clear();
      moved.clear();
    },
  };
  return {
    kept,
    of: (taskId: string): Tail => {
      const raw = tails.get(taskId) ?? sql.tail.get(taskId);
      if (raw === undefined) throw new TypeError(`There is no task ${taskId} to append to.`);
      return "task" in raw ? (raw as Tail) : toTail(raw);
    },
    move: (taskId: string, tail: Tail): void => {
      tails.set(taskId, tail);
      moved.add(taskId);
    },
  };
}

/**
 * The log in SQLite. An event knows the position of its task's previous one, so that appending writes at the
 * ends of tables only. One task's events are read backwards from an anchor, or from the task's last event:
 * a page costs its own length and less than two stretches between anchors.
 */
export function sqliteEvents(db: DatabaseSync): EventTable & { readonly kept: Kept } {
  const sql = prepareAll(db, eventsSql);
  const tails = keepTails(sql);
  return {
    kept: tails.kept,
    append: (event) => {
      const { task, position: prev, seq: last } = tails.of(event.taskId);
      const { at, type, body, cutBytes } = event;
      const seq = last + 1;
      const position = sql.insert.run(task, seq, prev, at, type, body, cutBytes);
      if (seq % anchorEvery === 0) sql.setAnchor.run(task, position);
      tails.move(event.taskId, { task, position, seq });
      return { ...event, seq, position };
    },
    head: () => Number(sql.head.get()?.["position"] ?? 0),
    ofTask: (taskId, after, limit) => {
      const task = sql.tail.get(taskId);
      if (task === undefined) return [];
      const conversationId = task["conversation"] as string | null;
      // Up to the first anchor there is one event at least, and 64 more up to each that follows.
      const further = Math.ceil((limit - 1) / anchorEvery);
      const anchor = sql.anchor.get(Number(task["ord"]), after, further);
      const rows: EventRow[] = [];
      for (let position = Number((anchor ?? task)["position"]); position > after;) {
        const raw = sql.at.get(position);
        if (raw === undefined) break;
        rows.push(toRow(raw, taskId, conversationId));
        position = Number(raw["prev"]);
      }
      return rows.toReversed().slice(0, limit);
    },
    range: ({ after, through, limit, owner, conversationId, types }) =>
      sql.range
        .all(
          after,
          through,
          owner === null ? null : exact(owner),
          conversationId,
          types === null ? null : JSON.stringify(types),
          limit,
        )
        .map((raw) => toRow(raw, raw["task_id"] as string, raw["conversation"] as string | null)),
  };
}
