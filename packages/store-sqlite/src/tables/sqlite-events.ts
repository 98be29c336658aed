import type { DatabaseSync } from "node:sqlite";
import type { EventRow, EventTable } from "@agent-bridge/core";
import type { Kept } from "../kept.ts";
import { exact, highestOf, keepHighest, prepareAll, type Raw } from "./statements.ts";

/** Every so many events of a task, its place is kept, so that a page of its events is found without reading all. */
const anchorEvery = 64;
/** Of how many tasks the end of the log is kept in memory. */
const keptTails = 10_000;
/** So much of a removed log is deleted in one step. */
const clearedAtOnce = { events: 3_000, bytes: 4 * 1024 * 1024 } as const;

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
  insert: "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  setTail:
    "INSERT INTO tail VALUES (?, ?, ?) ON CONFLICT (task) DO UPDATE SET position = excluded.position, seq = excluded.seq",
  setAnchor: "INSERT INTO anchor VALUES (?, ?)",
  anchor:
    "SELECT position FROM anchor WHERE task = ? AND position > ? ORDER BY position LIMIT 1 OFFSET ?",
  head: `SELECT ${highestOf("event", "position")} AS position`,
  at: `SELECT ${columns} FROM event WHERE position = ?`,
  range: `SELECT ${columns}, task.id AS task_id, task.conversation
     FROM event CROSS JOIN task ON task.ord = event.task
     WHERE event.position > ?1 AND event.position <= ?2
       AND (?3 IS NULL OR task.owner = ?3) AND (?4 IS NULL OR task.conversation = ?4)
       AND (?5 IS NULL OR event.type IN (SELECT value FROM json_each(?5)))
     ORDER BY event.position LIMIT ?6`,
  floor: "SELECT position FROM floor WHERE conversation = ? AND owner = ?",
  raiseFloor:
    "INSERT INTO floor VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = max(position, excluded.position)",
  keepHighest: keepHighest("event"),
  removeAnchors: "DELETE FROM anchor WHERE task = ?",
  removeTail: "DELETE FROM tail WHERE task = ?",
  addRemoval: "INSERT INTO removal VALUES (?, ?)",
  removal: "SELECT task, position FROM removal WHERE task > 0 ORDER BY task LIMIT 1",
  moveRemoval: "UPDATE removal SET position = ? WHERE task = ?",
  endRemoval: "DELETE FROM removal WHERE task = ?",
  remove: "DELETE FROM event WHERE position = ? RETURNING prev, octet_length(body) AS bytes",
} as const;

type EventStatements = ReturnType<typeof prepareAll<keyof typeof eventsSql>>;

const toTail = (raw: Raw): Tail => ({
  task: Number(raw["ord"]),
  position: Number(raw["position"]),
  seq: Number(raw["seq"]),
});

const headIn = (sql: EventStatements): number => Number(sql.head.get()?.["position"] ?? 0);

/** The ends of the logs that grow, and of the whole one: read once, written once in a change. */
function keepTails(sql: EventStatements) {
  const tails = new Map<string, Tail>();
  const moved = new Set<string>();
  let head: number | undefined;
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
      head = undefined;
    },
  };
  return {
    kept,
    /** The position that the next event gets. */
    nextPosition: (): number => (head = (head ?? headIn(sql)) + 1),
    drop: (taskId: string): void => {
      tails.delete(taskId);
      moved.delete(taskId);
    },
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

/** What one step may still delete. */
interface Allowance {
  events: number;
  bytes: number;
}

/** Follows the chain of a removed log from its end and deletes it, as far as one step goes. @returns false when some is left */
function clearChain(sql: EventStatements, removal: Raw, left: Allowance): boolean {
  const task = Number(removal["task"]);
  let position = Number(removal["position"]);
  for (; position > 0 && left.events > 0 && left.bytes > 0; left.events--) {
    const removed = sql.remove.get(position);
    position = Number(removed?.["prev"] ?? 0);
    left.bytes -= Number(removed?.["bytes"] ?? 0);
  }
  if (position === 0) sql.endRemoval.run(task);
  else sql.moveRemoval.run(position, task);
  return position === 0;
}

/**
 * How logs are removed. A reader finds events by their task, so a log is gone with it, however long the
 * deletion of its events takes.
 */
function removing(
  sql: EventStatements,
  tails: ReturnType<typeof keepTails>,
): Pick<EventTable, "remove" | "clear" | "floor"> {
  return {
    remove: ({ id, order, owner, conversationId }) => {
      const { position, seq } = tails.of(id);
      for (const conversation of new Set(["", conversationId ?? ""]))
        for (const one of ["", exact(owner)]) sql.raiseFloor.run(conversation, one, position);
      const head = headIn(sql);
      sql.keepHighest.run(head, head);
      sql.removeAnchors.run(order);
      sql.removeTail.run(order);
      sql.addRemoval.run(order, position);
      tails.drop(id);
      return seq;
    },
    clear: () => {
      const left = { ...clearedAtOnce };
      for (let removal = sql.removal.get(); removal !== undefined; removal = sql.removal.get())
        if (!clearChain(sql, removal, left)) return false;
      return true;
    },
    floor: ({ owner, conversationId }) => {
      const raw = sql.floor.get(conversationId ?? "", owner === null ? "" : exact(owner));
      return Number(raw?.["position"] ?? 0);
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
      const position = tails.nextPosition();
      sql.insert.run(position, task, seq, prev, at, type, body, cutBytes);
      if (seq % anchorEvery === 0) sql.setAnchor.run(task, position);
      tails.move(event.taskId, { task, position, seq });
      return { ...event, seq, position };
    },
    head: () => headIn(sql),
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
    ...removing(sql, tails),
  };
}
