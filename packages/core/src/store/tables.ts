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
  EndedTask,
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

/** The oldest rows of a table by a time: those behind a place, up to a time. */
export interface OldestFirst {
  /** The time and order of a row; null to begin with the oldest. */
  readonly after: { readonly time: number; readonly order: number } | null;
  readonly through: number;
  readonly limit: number;
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
  /** True when a conversation has a task, open or not. */
  isAnyIn(conversationId: string): boolean;
  /** Those that have ended, by `endedTime`. */
  ended(request: OldestFirst): readonly EndedTask[];
  remove(task: EndedTask): void;
}

export interface EventTable {
  /** Gives the event the next seq of its task and the next position of the log. */
  append(event: Omit<EventRow, "seq" | "position">): EventRow;
  /** The position of the newest event there ever was; 0 before the first. No position is used again. */
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
  /** Takes a task's whole log from its readers. @returns how many events it had */
  remove(task: EndedTask): number;
  /** Deletes some of what removed logs have left. @returns true when nothing is left */
  clear(): boolean;
  /** The highest position of a removed event of this owner and conversation, null for any; 0 when there is none. */
  floor(of: { readonly owner: Owner | null; readonly conversationId: string | null }): number;
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
  /** Removes what a task said. */
  removeMessages(task: EndedTask): void;
  /** Oldest first, the newest `limit`. */
  history(conversationId: string, limit: number): readonly HistoryMessage[];
  /** How many messages people wrote at a channel's workspace. */
  people(channel: string | null, workspace: string): number;
  countPerson(channel: string | null, workspace: string): void;
  /** By `activeTime`. */
  unused(request: OldestFirst): readonly ConversationRow[];
  /** Removes a conversation that has no tasks, with its sessions and floors. */
  remove(row: ConversationRow): void;
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
  /** Those that made this task. */
  ofTask(taskId: string): readonly MessageRow[];
  /** Those that wait for no acknowledgement, by `agingTime`. */
  aged(request: OldestFirst): readonly MessageRow[];
  remove(row: MessageRow): void;
}

export interface QuestionTable {
  find(id: string): QuestionRow | undefined;
  insert(row: New<QuestionRow>): QuestionRow;
  update(row: QuestionRow): void;
  ofTask(taskId: string): readonly QuestionRow[];
  removeOf(taskId: string): void;
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
  remove(id: string): void;
  /** True when a text of this task is pending or sending. */
  isAnyOpen(taskId: string): boolean;
  removeOf(taskId: string): void;
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
  /** The oldest, with the bytes of its payload. */
  oldest(): { readonly id: string; readonly madeTime: number; readonly bytes: number } | undefined;
  /** How many there are, and the bytes of their payloads. */
  total(): { readonly count: number; readonly bytes: number };
  /** True when a text of this task is one. */
  isAnyOf(taskId: string): boolean;
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

/** The room that the tables take. */
export interface SpaceTable {
  /** What the rows take; it falls while they are removed, inside of a transaction as well. */
  usedBytes(): number;
  totalBytes(): number;
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
  readonly space: SpaceTable;
}
