import { Buffer } from "node:buffer";
import type { EventRow } from "@agent-bridge/core";
import {
  storedBudgets,
  storedConversations,
  storedCounted,
  storedDeadLetters,
  storedFloors,
  storedHistory,
  storedLeases,
  storedMessages,
  storedOutbox,
  storedPeople,
  storedPositions,
  storedQuestions,
  storedSessions,
} from "../tables/plain-rows.ts";
import type { Time } from "../store-time.ts";
import { storedTasks } from "../tables/task-rows.ts";
import type { Query, Raw } from "./columns.ts";
import { Mirror, type Undo } from "./mirror.ts";
import { Facts } from "./needs.ts";

/** The counters of the store: the newest position of the log, the highest order of any row, what all rows take. */
export interface Head {
  readonly position: number;
  readonly order: number;
  readonly bytes: number;
}

export const headIn = (raw: Raw): Head => ({
  position: Number(raw["position"]),
  order: Number(raw["ord"]),
  bytes: Number(raw["bytes"]),
});

/** An event, with the row of its task. */
interface Appended {
  readonly task: number;
  readonly event: EventRow;
}

/** About what an event takes beside its body. */
const eventBytes = 60;

const bytesOfEvent = ({ event }: Appended): number => Buffer.byteLength(event.body) + eventBytes;

/** The log of a task that is removed. */
export interface RemovedLog {
  readonly task: number;
  /** How many of its events are stored, and the bytes of their bodies. */
  readonly count: number;
  readonly bytes: number;
}

const insertEvents = `INSERT INTO event (position, task, seq, at, type, body, cut_bytes)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::double precision[], $5::text[], $6::text[], $7::bigint[])`;

/**
 * What one transaction knows of the store, and what it changes: the rules, which wait for nothing, run over it.
 * What they ask for and is not known yet looks empty and is noted. Then what they did is undone, what they
 * asked for is loaded, and they run again, until nothing was missing.
 */
export class View {
  readonly #journal: Undo[] = [];
  readonly facts = new Facts();
  readonly tasks = new Mirror(storedTasks, this.#journal);
  readonly conversations = new Mirror(storedConversations, this.#journal);
  readonly sessions = new Mirror(storedSessions, this.#journal);
  readonly history = new Mirror(storedHistory, this.#journal);
  readonly people = new Mirror(storedPeople, this.#journal);
  readonly messages = new Mirror(storedMessages, this.#journal);
  readonly positions = new Mirror(storedPositions, this.#journal);
  readonly questions = new Mirror(storedQuestions, this.#journal);
  readonly outbox = new Mirror(storedOutbox, this.#journal);
  readonly deadLetters = new Mirror(storedDeadLetters, this.#journal);
  readonly counted = new Mirror(storedCounted, this.#journal);
  readonly leases = new Mirror(storedLeases, this.#journal);
  readonly budgets = new Mirror(storedBudgets, this.#journal);
  readonly floors = new Mirror(storedFloors, this.#journal);
  readonly #mirrors = [
    this.tasks,
    this.conversations,
    this.sessions,
    this.history,
    this.people,
    this.messages,
    this.positions,
    this.questions,
    this.outbox,
    this.deadLetters,
    this.counted,
    this.leases,
    this.budgets,
    this.floors,
  ];
  readonly #appended: Appended[] = [];
  readonly #removedLogs: RemovedLog[] = [];
  #positions = 0;
  /** How many events were appended to each task. */
  readonly #added = new Map<number, number>();
  #order = 0;
  /** As the store is, before any change. */
  head: Head = { position: 0, order: 0, bytes: 0 };
  /** What time it is for this transaction. */
  time: Time = { now: 0, steady: 0 };

  /** The place in the order for a new row. */
  nextOrder(): number {
    this.#order++;
    this.#journal.push(() => void this.#order--);
    return this.head.order + this.#order;
  }

  /** Appends to the log of a task that has `seq` events stored. */
  append(event: Omit<EventRow, "seq" | "position">, to: { task: number; seq: number }): EventRow {
    const added = (this.#added.get(to.task) ?? 0) + 1;
    this.#positions++;
    const row = { ...event, seq: to.seq + added, position: this.position };
    this.#added.set(to.task, added);
    this.#appended.push({ task: to.task, event: row });
    this.#journal.push(() => {
      this.#positions--;
      this.#appended.pop();
      this.#added.set(to.task, added - 1);
    });
    return row;
  }

  /** The position of the newest event of the log. */
  get position(): number {
    return this.head.position + this.#positions;
  }

  /** How many events this transaction has appended to a task. */
  appendedTo(task: number): number {
    return this.#added.get(task) ?? 0;
  }

  /** The position of the newest of those; 0 when there is none. */
  newestOf(task: number): number {
    return this.#appended.findLast((one) => one.task === task)?.event.position ?? 0;
  }

  /** Removes the log of a task. */
  removeLog(log: RemovedLog): void {
    this.#removedLogs.push(log);
    this.#journal.push(() => void this.#removedLogs.pop());
  }

  /** About how many bytes all rows take now. */
  get bytes(): number {
    let bytes = this.head.bytes;
    for (const mirror of this.#mirrors) bytes += mirror.addedBytes();
    for (const one of this.#appended) bytes += bytesOfEvent(one);
    for (const log of this.#removedLogs) bytes -= log.bytes + log.count * eventBytes;
    return bytes;
  }

  /** What `undo` goes back to. */
  mark(): number {
    return this.#journal.length;
  }

  /** Undoes what was done since a mark. */
  undo(mark: number): void {
    while (this.#journal.length > mark) this.#journal.pop()?.();
  }

  /** What stores all changes; nothing when there are none. The counters are written last, in the row that every writer holds. */
  queries(): readonly Query[] {
    const queries = this.#mirrors.flatMap((mirror) => mirror.queries());
    if (this.#appended.length > 0) queries.push(eventQuery(this.#appended));
    if (this.#removedLogs.length > 0) queries.push(removalQuery(this.#removedLogs));
    if (queries.length === 0) return [];
    const values = [
      this.position,
      this.head.order + this.#order,
      Math.max(0, this.bytes),
      this.time.steady,
    ];
    const text =
      "UPDATE head SET position = $1, ord = $2, bytes = $3, time = greatest(time, $4::double precision)";
    return [...queries, { name: "update head", text, values }];
  }
}

function removalQuery(logs: readonly RemovedLog[]): Query {
  const text = "DELETE FROM event WHERE task = ANY($1::bigint[])";
  return { name: "delete event", text, values: [logs.map(({ task }) => task)] };
}

function eventQuery(appended: readonly Appended[]): Query {
  const column = (of: (one: Appended) => unknown): unknown[] => appended.map(of);
  const values = [
    column(({ event }) => event.position),
    column(({ task }) => task),
    column(({ event }) => event.seq),
    column(({ event }) => event.at),
    column(({ event }) => event.type),
    column(({ event }) => event.body),
    column(({ event }) => event.cutBytes),
  ];
  return { name: "insert event", text: insertEvents, values };
}
