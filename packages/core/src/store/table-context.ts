import type { Attachment } from "../contract/attachment.ts";
import type { Clock, Random } from "../contract/clock.ts";
import { encodeCursor } from "../contract/cursor.ts";
import { BridgeError } from "../contract/errors.ts";
import type { BridgeEvent, NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import type { Hint } from "../contract/log.ts";
import type { ClaimRef } from "../contract/work.ts";
import { eventBody, type EventBody } from "./event-body.ts";
import type { EventRow, OutboxRow, QuestionRow, TaskRow } from "./rows.ts";
import { isFinal } from "../contract/task.ts";
import { lineOf, ownsTask } from "./rules.ts";
import type { Tables } from "./tables.ts";

/**
 * What a change may use when space runs out: `new` work is refused first, then what is `running`; an `end`
 * (a finish, a cancel, a reply that is done) as long as there is any.
 */
export type Room = "new" | "running" | "end";

/** What the parts of a store over tables share. Everything in it is synchronous: a transaction never waits. */
export interface TableContext {
  readonly storeId: string;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs a change in a transaction of its own; resolves when it is durable. What throws is undone alone. @param room `end` by default */
  write<T>(change: (hints: Hint[]) => T, room?: Room): Promise<T>;
  /** Runs a look at the tables. */
  read<T>(look: () => T): Promise<T>;
}

/** An event as its readers see it. */
export function toEvent(storeId: string, row: EventRow): BridgeEvent {
  const { position, taskId, conversationId, seq, at, type, cutBytes } = row;
  return {
    cursor: encodeCursor(storeId, position),
    taskId,
    conversationId,
    seq,
    at,
    type,
    data: JSON.parse(row.body) as Json,
    ...(cutBytes === null ? {} : { cut: { bytes: cutBytes } }),
  } as unknown as BridgeEvent;
}

/** Appends an event to a task's log. */
export function appendEvent(context: TableContext, row: TaskRow, event: NewEvent): EventRow {
  return appendBody(context, row, eventBody(event));
}

/** Appends an event whose data is JSON text already. */
export function appendBody(context: TableContext, row: TaskRow, event: EventBody): EventRow {
  return context.tables.events.append({
    ...event,
    taskId: row.task.id,
    conversationId: row.task.conversationId,
    at: context.clock.now(),
  });
}

/** A text as it is put into the outbox. */
interface Outgoing {
  readonly id: string;
  readonly type: OutboxRow["item"]["type"];
  readonly text: string;
  readonly attachments?: readonly Attachment[];
}

/** Puts a text of a task into the line of its destination, where it has one. */
export function enqueue(context: TableContext, row: TaskRow, outgoing: Outgoing): void {
  const { destination, task, rules } = row;
  const { channel } = row.provenance;
  if (destination === null || channel === null) return;
  enqueueAt(context, { taskId: task.id, channel, destination, rules }, outgoing);
}

/** Puts a text into the line of a destination. */
export function enqueueAt(
  context: TableContext,
  to: Pick<OutboxRow["item"], "taskId" | "channel" | "destination" | "rules">,
  { id, type, text, attachments = [] }: Outgoing,
): void {
  const { tables, clock } = context;
  const { taskId, channel, destination } = to;
  const rules = { unknownReply: to.rules.unknownReply };
  const line = lineOf(channel, destination);
  const createdAt = clock.now();
  tables.outbox.insert({
    item: { id, taskId, type, channel, destination, text, attachments, rules, createdAt },
    state: "pending",
    line,
    isHead: tables.outbox.firstOf(line) === undefined,
    tries: 0,
    unknown: false,
    queuedTime: clock.steady(),
    waitUntil: 0,
    worker: null,
    ref: null,
    problem: null,
  });
}

/** Lets the next task of a conversation go on, after one has ended. */
export function promoteLane(context: TableContext, conversationId: string | null): void {
  if (conversationId === null) return;
  const { tasks } = context.tables;
  const next = tasks.firstOpen(conversationId);
  if (next !== undefined && !next.isHead) tasks.update({ ...next, isHead: true });
}

/** Closes a question that is still open, with `turn.answer`. @returns that event; undefined when it was not open */
export function closeQuestion(
  context: TableContext,
  row: TaskRow,
  of: { readonly question: QuestionRow | undefined; readonly state: "expired" | "void" },
): EventRow | undefined {
  const { question, state } = of;
  if (question?.question.state !== "open") return undefined;
  context.tables.questions.update({ ...question, question: { ...question.question, state } });
  const data = { questionId: question.question.id, action: "decline" as const, state };
  return appendEvent(context, row, { type: "turn.answer", data });
}

/** The task that an item of the outbox belongs to; undefined when it belongs to none. */
export function taskOf({ tables }: TableContext, { item }: OutboxRow): TaskRow | undefined {
  return item.taskId === null ? undefined : tables.tasks.find(item.taskId);
}

/** The row of a claim that still owns its task. @throws BridgeError CLAIM_LOST */
export function ownedTask(context: TableContext, { taskId, attempt }: ClaimRef): TaskRow {
  const row = context.tables.tasks.find(taskId);
  if (!ownsTask(row, attempt)) throw new BridgeError("CLAIM_LOST", { taskId, attempt });
  return row;
}

/** True when a text of this task has somewhere to go. */
export function hasDestination(row: TaskRow): boolean {
  return row.destination !== null && row.provenance.channel !== null;
}

/** The newest question of a task. */
export function questionOf(context: TableContext, row: TaskRow): QuestionRow | undefined {
  return row.questionId === null ? undefined : context.tables.questions.find(row.questionId);
}

/** Tells the channel of a task's message that it may be settled now. */
export function hintAcks(row: TaskRow, hints: Hint[]): void {
  const { channel } = row.provenance;
  if (channel !== null && isFinal(row.task.status)) hints.push({ topic: "acks", channel });
}
