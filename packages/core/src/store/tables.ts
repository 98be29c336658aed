import type { EventType } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import type { Owner } from "../contract/principal.ts";
import type { StoreStats, TaskFilter } from "../contract/queries.ts";
import type { Quota } from "../contract/quota.ts";
import type { Session } from "../contract/runner.ts";
import type { HistoryMessage } from "../contract/task.ts";
import type {
  BudgetRow,
  ConversationRow,
  DeadLetterRow,
  EventRow,
  LeaseRow,
  MessageRow,
  OutboxRow,
  Place,
  QuestionRow,
  TaskRow,
} from "./rows.ts";

/*
 * For store authors: the tables under `tableStore`, which holds all rules. They are synchronous and
 * know no rule; a table does what one or two SQL statements do. Every list is oldest first unless its
 * comment says otherwise, and may be read lazily: a caller stops early.
 */

/** A row as it is given for insertion: the table adds `order`. */
export type New<Row> = Omit<Row, "order">;

/** A page of a list that is newest first: rows whose order is below `before`. */
export interface PageRequest {
  readonly limit: number;
  readonly before: number | null;
}

export interface TaskTable {
  find(id: string): TaskRow | undefined;
  insert(row: New<TaskRow>): TaskRow;
  /** Replaces the row of the same order. What was fixed at the insertion stays: input and its bytes, owner, rules, provenance. */
  update(row: TaskRow): void;
  /** The open tasks of a runner with `isHead`. */
  heads(runner: string): Iterable<TaskRow>;
  /** The first open task of a conversation. */
  firstOpen(conversationId: string): TaskRow | undefined;
  countOpen(conversationId: string): number;
  /** How many tasks of an owner, or in a conversation, are open, and the bytes of their inputs. */
  load(per: Quota["per"], id: string): { readonly count: number; readonly bytes: number };
  /** The open tasks whose last claim was of this node. */
  openOf(node: string): Iterable<TaskRow>;
  /** Newest first. `owner` null: of all. */
  list(
    filter: Omit<TaskFilter, "scope"> & { readonly owner: Owner | null },
    page: PageRequest,
  ): readonly TaskRow[];
  /** How many there are of each status, and when the oldest pending one was accepted (steady scale). */
  stats(): { readonly counts: StoreStats["tasks"]; readonly oldestPendingTime: number | null };
}

export interface EventTable {
  /** Gives the event the next seq of its task and the next position of the log. */
  append(event: Omit<EventRow, "seq" | "position">): EventRow;
  /** The position of the newest event; 0 when there is none. */
  head(): number;
  /** A task's events after a position. */
  ofTask(taskId: string, after: number, limit: number): readonly EventRow[];
  /** The events at positions in (`after`, `through`] that match. */
  range(request: {
    readonly after: number;
    readonly through: number;
    readonly limit: number;
    readonly owner: Owner | null;
    readonly conversationId: string | null;
    readonly types: readonly EventType[] | null;
  }): readonly EventRow[];
}

export interface ConversationTable {
  find(id: string): ConversationRow | undefined;
  /** `owner` counts only where the place has no channel. */
  at(place: Place, owner: Owner): ConversationRow | undefined;
  insert(row: New<ConversationRow>): ConversationRow;
  update(row: ConversationRow): void;
  /** Newest first. `owner` null: of all. */
  list(owner: Owner | null, page: PageRequest): readonly ConversationRow[];
  sessions(
    conversationId: string,
  ): readonly { readonly runner: string; readonly sessionId: string }[];
  session(conversationId: string, runner: string): Session | undefined;
  saveSession(conversationId: string, runner: string, session: Session): void;
  addMessage(conversationId: string, message: HistoryMessage): void;
  /** Oldest first, the newest `limit`. */
  history(conversationId: string, limit: number): readonly HistoryMessage[];
  /** How many messages people wrote at a channel's workspace. */
  people(channel: string | null, workspace: string): number;
  countPerson(channel: string | null, workspace: string): void;
}

export interface MessageTable {
  known(scope: string, key: string): MessageRow | undefined;
  insert(row: New<MessageRow>): void;
  update(row: MessageRow): void;
  find(order: number): MessageRow | undefined;
  unacknowledged(channel: string): Iterable<MessageRow>;
  countUnacknowledged(channel: string): number;
  position(channel: string): Json | null;
  savePosition(channel: string, position: Json): void;
}

export interface QuestionTable {
  find(id: string): QuestionRow | undefined;
  insert(row: New<QuestionRow>): QuestionRow;
  update(row: QuestionRow): void;
  ofTask(taskId: string): readonly QuestionRow[];
  countOpen(): number;
}

export interface OutboxTable {
  find(id: string): OutboxRow | undefined;
  insert(row: New<OutboxRow>): void;
  update(row: OutboxRow): void;
  /** The rows with `isHead` of these channels, oldest first over all of them. */
  heads(channels: readonly string[]): Iterable<OutboxRow>;
  /** The first of a line that is pending or sending. */
  firstOf(line: string): OutboxRow | undefined;
  /** Those in `sending` by this node. */
  sendingBy(node: string): readonly OutboxRow[];
  /** The newest delivered reply with this reference. */
  deliveredReply(channel: string | null, ref: string): OutboxRow | undefined;
  countOpen(): number;
}

export interface DeadLetterTable {
  insert(row: New<DeadLetterRow>): void;
  remove(id: string): void;
  find(id: string): DeadLetterRow | undefined;
  /** Newest first. */
  list(page: PageRequest): readonly DeadLetterRow[];
  count(): number;
  /** How many of this channel and reason are kept, and the bytes of their payloads. */
  load(
    channel: string,
    reason: DeadLetterRow["reason"],
  ): { readonly count: number; readonly bytes: number };
  /** Counts one that is not kept. */
  countOnly(channel: string, reason: DeadLetterRow["reason"]): void;
  /** What was only counted, ordered by channel and reason. */
  onlyCounted(): StoreStats["onlyCounted"];
}

export interface LeaseTable {
  find(name: string): LeaseRow | undefined;
  save(row: LeaseRow): void;
  remove(name: string): void;
  ofNode(node: string): readonly LeaseRow[];
}

export interface BudgetTable {
  /** Adds to the part of this key and time, made when there is none. */
  add(row: BudgetRow): void;
  /** The parts of a key that count after this time. */
  parts(key: string, time: number): readonly BudgetRow[];
  /** Removes some of the parts, of any key, that count no more. */
  tidy(time: number): void;
}

/** All tables of a store. */
export interface Tables {
  readonly tasks: TaskTable;
  readonly events: EventTable;
  readonly conversations: ConversationTable;
  readonly messages: MessageTable;
  readonly questions: QuestionTable;
  readonly outbox: OutboxTable;
  readonly deadLetters: DeadLetterTable;
  readonly leases: LeaseTable;
  readonly budgets: BudgetTable;
}
