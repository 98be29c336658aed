import type { Clock, Random } from "../contract/clock.ts";
import { encodeCursor } from "../contract/cursor.ts";
import type { BridgeEvent, NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import type { Hint } from "../contract/log.ts";
import { eventBody } from "./event-body.ts";
import type { EventRow, OutboxRow, QuestionRow, TaskRow } from "./rows.ts";
import { isFinal } from "../contract/task.ts";
import { lineOf } from "./rules.ts";
import type { Tables } from "./tables.ts";

/** What the parts of a store over tables share. Everything in it is synchronous: a transaction never waits. */
export interface TableContext {
  readonly storeId: string;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Runs a change in a transaction of its own; resolves when it is durable. What throws is undone alone.
   *
   * @param of.isNewWork true for what may be refused when space runs out, before anything under way is
   */
  write<T>(change: (hints: Hint[]) => T, of?: { readonly isNewWork?: boolean }): Promise<T>;
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
  const { body, cutBytes } = eventBody(event);
  return context.tables.events.append({
    taskId: row.task.id,
    conversationId: row.task.conversationId,
    at: context.clock.now(),
    type: event.type,
    body,
    cutBytes,
  });
}

/** Puts a text into the line of its destination. */
export function enqueue(
  context: TableContext,
  row: TaskRow,
  of: { readonly id: string; readonly type: OutboxRow["item"]["type"]; readonly text: string },
): void {
  const { tables, clock } = context;
  const { channel } = row.provenance;
  if (row.destination === null || channel === null) return;
  const line = lineOf(channel, row.destination);
  tables.outbox.insert({
    item: {
      ...of,
      taskId: row.task.id,
      channel,
      destination: row.destination,
      rules: { unknownReply: row.rules.unknownReply },
      createdAt: clock.now(),
    },
    state: "pending",
    line,
    isHead: tables.outbox.firstOf(line) === undefined,
    tries: 0,
    unknown: false,
    queuedTime: clock.steady(),
    waitUntil: 0,
    worker: null,
    ref: null,
  });
}

/** Lets the next task of a conversation go on, after one has ended. */
export function promoteLane(context: TableContext, conversationId: string | null): void {
  if (conversationId === null) return;
  const { tasks } = context.tables;
  const next = tasks.firstOpen(conversationId);
  if (next !== undefined && !next.isHead) tasks.update({ ...next, isHead: true });
}

/** Closes a question that is still open, with `turn.answer`. */
export function closeQuestion(
  context: TableContext,
  row: TaskRow,
  of: { readonly question: QuestionRow | undefined; readonly state: "expired" | "void" },
): void {
  const { question, state } = of;
  if (question === undefined || question.question.state !== "open") return;
  context.tables.questions.update({ ...question, question: { ...question.question, state } });
  const data = { questionId: question.question.id, action: "decline" as const, state };
  appendEvent(context, row, { type: "turn.answer", data });
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
