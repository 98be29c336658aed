import type { EndedTask, EventRow, EventTable } from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import type { Raw } from "../view/columns.ts";
import { numberIn } from "../view/mirror.ts";
import { type Fact, need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { type FloorRow, floorName } from "./plain-rows.ts";
import { taskById, taskIn } from "./postgres-tasks.ts";
import type { Viewed } from "./viewed.ts";

const columns =
  "event.position, event.seq, event.at, event.type, event.body, event.cut_bytes, event.id AS task, event.conversation";
const eventsWhere = (where: string): string =>
  `CROSS JOIN LATERAL (SELECT event.*, task.id, task.conversation FROM event JOIN task ON task.ord = event.task
    WHERE ${where} ORDER BY event.position LIMIT key.most) event`;

const extent = need("event extent", {
  keys: ["task bigint"],
  select: "log.count, log.top, log.bytes",
  from: `CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(max(position), 0) AS top,
    coalesce(sum(octet_length(body)), 0) AS bytes FROM event WHERE event.task = key.task) log`,
});
const floor = need("floor", {
  keys: ["name"],
  select: "floor.body",
  from: "JOIN floor ON floor.name = key.name",
});
const ofTask = need("event task", {
  keys: ["id", "after bigint", "most bigint"],
  select: columns,
  // By seq, which its index orders; the positions of a task rise with it.
  from: `JOIN task ON task.id = key.id CROSS JOIN LATERAL (
    SELECT event.*, task.id, task.conversation FROM event
    WHERE event.task = task.ord AND event.position > key.after ORDER BY event.seq LIMIT key.most) event`,
});
const range = need("event range", {
  keys: ["after bigint", "through bigint", "owner", "conversation", "types", "most bigint"],
  select: columns,
  from: eventsWhere(`event.position > key.after AND event.position <= key.through
    AND (key.owner IS NULL OR task.owner = key.owner)
    AND (key.conversation IS NULL OR task.conversation = key.conversation)
    AND (key.types IS NULL OR event.type = ANY(string_to_array(key.types, ',')))`),
});

/** A name that `exact` made. */
const original = (stored: string): string =>
  stored.startsWith('"') ? (JSON.parse(stored) as string) : stored;

function toRow(raw: Raw): EventRow {
  const conversation = raw["conversation"] as string | null;
  return {
    position: Number(raw["position"]),
    taskId: original(raw["task"] as string),
    conversationId: conversation === null ? null : original(conversation),
    seq: Number(raw["seq"]),
    at: Number(raw["at"]),
    type: raw["type"] as EventRow["type"],
    body: raw["body"] as string,
    cutBytes: raw["cut_bytes"] === null ? null : Number(raw["cut_bytes"]),
  };
}

const rowsOf = (fact: Fact | undefined): EventRow[] => (fact?.rows ?? []).map(toRow);

type Floor = Pick<FloorRow, "owner" | "conversationId">;

function floorIn({ facts, floors }: View, of: Floor): number {
  const name = floorName(of);
  return floors.row(facts.of(floor, name), (row) => floorName(row) === name)?.position ?? 0;
}

/** Notes for the readers of every filter that a task's events were among what they read. */
function raiseFloors(view: View, { owner, conversationId }: EndedTask, position: number): void {
  for (const conversation of new Set([null, conversationId]))
    for (const one of [null, owner]) {
      const of = { owner: one, conversationId: conversation };
      view.floors.set({ ...of, position: Math.max(floorIn(view, of), position) });
    }
}

/** Removes a task's log, also what this transaction has appended to it. @returns how many events it had */
function removeLog(view: View, task: EndedTask): number {
  const fact = view.facts.of(extent, task.order);
  const top = fact === undefined ? 0 : numberIn(fact, "top");
  const count = fact === undefined ? 0 : numberIn(fact, "count");
  const bytes = fact === undefined ? 0 : numberIn(fact, "bytes");
  raiseFloors(view, task, Math.max(top, view.newestOf(task.order)));
  view.removeLog({ task: task.order, count, bytes });
  return count + view.appendedTo(task.order);
}

/** The log in PostgreSQL. Only looks read it, and they change nothing. */
export function postgresEvents(viewed: Viewed): EventTable {
  return {
    append: (event) => {
      const { view } = viewed;
      const task = taskIn(view, event.taskId);
      const fact = view.facts.of(taskById, exact(event.taskId));
      // Not known yet, or not there: what is made of it now is not kept.
      if (task === undefined || fact === undefined) {
        if (view.facts.isComplete)
          throw new TypeError(`There is no task ${event.taskId} to append to.`);
        return { ...event, seq: 0, position: 0 };
      }
      return view.append(event, { task: task.order, seq: numberIn(fact, "seq") });
    },
    head: () => viewed.view.position,
    ofTask: (taskId, after, limit) =>
      rowsOf(viewed.view.facts.of(ofTask, exact(taskId), after, limit)),
    range: ({ after, through, limit, owner, conversationId, types }) =>
      rowsOf(
        viewed.view.facts.of(
          range,
          after,
          through,
          owner === null ? null : digest(owner),
          conversationId === null ? null : exact(conversationId),
          types === null ? null : types.join(","),
          limit,
        ),
      ),
    remove: (task) => removeLog(viewed.view, task),
    // What is removed is deleted in the same transaction.
    clear: () => true,
    floor: (of) => floorIn(viewed.view, of),
  };
}
