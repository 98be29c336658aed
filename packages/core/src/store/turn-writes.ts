import { newId } from "../contract/clock.ts";
import type { Hint } from "../contract/log.ts";
import type { Question } from "../contract/question.ts";
import type { Session } from "../contract/runner.ts";
import type { Task } from "../contract/task.ts";
import type { ClaimRef, NewQuestion, Work, WorkWrite } from "../contract/work.ts";
import { spend } from "./budgets.ts";
import { endTask } from "./ending.ts";
import { type EventBody, eventBody } from "./event-body.ts";
import type { EventRow, TaskRow } from "./rows.ts";
import {
  appendBody,
  appendEvent,
  closeQuestion,
  enqueue,
  ownedTask,
  questionOf,
  type TableContext,
} from "./table-context.ts";

/** A worker's write as it was when it was given: nothing that its caller changes later reaches the store. */
export type Prepared<W> = Omit<W, "events"> & {
  readonly ref: ClaimRef;
  readonly events: readonly EventBody[];
};

/** Copies a write; its events become text at once, which is the copy. */
export function prepare<W extends Pick<WorkWrite, "events">>(
  { taskId, attempt }: ClaimRef,
  { events, ...rest }: W,
): Prepared<W> {
  return { ...structuredClone(rest), events: events.map(eventBody), ref: { taskId, attempt } };
}

/** Stores a question; the task then waits for its answer. One that was still open is void. */
function ask(
  context: TableContext,
  row: TaskRow,
  of: { asked: NewQuestion; mode: Question["mode"]; hints: Hint[] },
): { row: TaskRow; events: EventRow[] } {
  const { tables, clock, random } = context;
  const { deadlineMs, text, id, ...content } = of.asked;
  const now = clock.now();
  const left = closeQuestion(context, row, { question: questionOf(context, row), state: "void" });
  const question: Question = {
    ...content,
    id,
    taskId: row.task.id,
    mode: of.mode,
    state: "open",
    askedAt: now,
    deadlineAt: now + deadlineMs,
    answer: null,
  };
  tables.questions.insert({
    question,
    attempt: row.task.attempt,
    deadline: clock.steady() + deadlineMs,
    isWaitingTold: false,
  });
  const data = { ...content, questionId: id, deadlineAt: question.deadlineAt };
  const events = [
    ...(left === undefined ? [] : [left]),
    appendEvent(context, row, { type: "turn.question", data }),
    appendEvent(context, row, { type: "task.input_required", data: { questionId: id } }),
  ];
  if (text !== null) {
    enqueue(context, row, { id: newId("question", random), type: "question", text });
    of.hints.push({ topic: "outbox" });
  }
  const task: Task = { ...row.task, status: "input_required" };
  return { row: { ...row, questionId: id, suspension: null, task }, events };
}

function saveSession(context: TableContext, { task }: TaskRow, session: Session): void {
  const { conversations } = context.tables;
  const { conversationId, runner } = task;
  if (conversationId === null || conversations.find(conversationId)?.keepsSession !== true) return;
  conversations.saveSession(conversationId, runner, session);
}

/** Closes a question of this attempt's task, if it is still open. */
function closeAsked(
  context: TableContext,
  row: TaskRow,
  { questionId, state }: NonNullable<WorkWrite["close"]>,
): { row: TaskRow; events: EventRow[] } {
  const question = context.tables.questions.find(questionId);
  if (question?.question.taskId !== row.task.id) return { row, events: [] };
  const closed = closeQuestion(context, row, { question, state });
  if (closed === undefined) return { row, events: [] };
  return { row: { ...row, task: { ...row.task, status: "running" } }, events: [closed] };
}

/** The row with what a write sets in it. */
function changed(row: TaskRow, write: Omit<WorkWrite, "events">): TaskRow {
  const { usage = row.task.usage, progress = row.task.progress, begins, process } = write;
  return {
    ...row,
    task: { ...row.task, usage, progress },
    hasBegun: row.hasBegun || begins === true,
    process: process === undefined ? row.process : { ...process, attempt: row.task.attempt },
    // Until effects are possible, another attempt may begin with the same answer.
    suspension: begins === true ? null : row.suspension,
  };
}

/** Stores one write of an attempt. @throws BridgeError CLAIM_LOST */
export function append(
  context: TableContext,
  write: Prepared<WorkWrite>,
  hints: Hint[],
): readonly EventRow[] {
  let row = ownedTask(context, write.ref);
  const events = write.events.map((event) => appendBody(context, row, event));
  if (write.session !== undefined) saveSession(context, row, write.session);
  if (write.close !== undefined) {
    const closed = closeAsked(context, row, write.close);
    row = closed.row;
    events.push(...closed.events);
  }
  if (write.ask !== undefined) {
    const asked = ask(context, row, { asked: write.ask, mode: "live", hints });
    row = asked.row;
    events.push(...asked.events);
  }
  spend(context, write.spent);
  context.tables.tasks.update(changed(row, write));
  hints.push({ topic: "events", taskId: row.task.id });
  return events;
}

/** The row of a task that is given back unfinished. */
const givenBack = (row: TaskRow, restUntil: number): TaskRow => ({
  ...row,
  isHeld: false,
  process: null,
  restUntil,
  task: { ...row.task, status: "running" },
});

/** Ends an attempt until its question is answered; of a cancelled task nothing is asked. @throws BridgeError CLAIM_LOST */
export function suspend(
  context: TableContext,
  { ref, question, state, events, spent }: Prepared<Parameters<Work["suspend"]>[1]>,
  hints: Hint[],
): void {
  const { tasks } = context.tables;
  const row = ownedTask(context, ref);
  spend(context, spent);
  for (const event of events) appendBody(context, row, event);
  hints.push({ topic: "events", taskId: row.task.id });
  if (row.task.cancelRequested) {
    tasks.update(givenBack(row, 0));
    hints.push({ topic: "work" });
    return;
  }
  const asked = ask(context, row, { asked: question, mode: "suspended", hints });
  const left = { isHeld: false, hasBegun: false, process: null, suspension: { state } };
  tasks.update({ ...asked.row, ...left });
}

/** Gives a task back. @throws BridgeError CLAIM_LOST */
export function release(
  context: TableContext,
  { ref, notBeforeMs = 0, spent }: { ref: ClaimRef } & NonNullable<Parameters<Work["release"]>[1]>,
  hints: Hint[],
): void {
  const row = ownedTask(context, ref);
  spend(context, spent);
  context.tables.tasks.update(givenBack(row, context.clock.steady() + notBeforeMs));
  hints.push({ topic: "work" });
}

/** Ends a task as its attempt says, or as cancelled when that was asked for first. @throws BridgeError CLAIM_LOST */
export function finish(
  context: TableContext,
  { ref, events, ending, ifCancelled, spent }: Prepared<Parameters<Work["finish"]>[1]>,
  hints: Hint[],
): Task {
  const row = ownedTask(context, ref);
  spend(context, spent);
  for (const event of events) appendBody(context, row, event);
  return endTask(context, row, { ending: row.task.cancelRequested ? ifCancelled : ending, hints });
}
