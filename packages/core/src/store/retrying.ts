import type { Accepted, Intake } from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import { carryOut } from "./accept.ts";
import { isRefused } from "./accepting.ts";
import type { DeadLetterRow } from "./rows.ts";
import { type TableContext, taskOf } from "./table-context.ts";

type Retried = Accepted | { readonly result: "queued"; readonly taskId: string | null };

/** Puts a reply that was given up back into its line, where it keeps its old place. */
function requeue(context: TableContext, letter: DeadLetterRow, hints: Hint[]): Retried | undefined {
  const { tables, clock } = context;
  const row = letter.itemId === null ? undefined : tables.outbox.find(letter.itemId);
  if (row === undefined) return undefined;
  const { taskId, type } = row.item;
  tables.outbox.update({
    ...row,
    state: "pending",
    // One that is on its way goes first: two of a line are never sent at once.
    isHead: tables.outbox.firstOf(row.line) === undefined,
    tries: 0,
    queuedTime: clock.steady(),
    waitUntil: 0,
    worker: null,
    problem: null,
  });
  const task = type === "reply" ? taskOf(context, row) : undefined;
  if (task !== undefined)
    tables.tasks.update({ ...task, task: { ...task.task, reply: "pending" } });
  hints.push({ topic: "outbox" });
  return { result: "queued", taskId };
}

/** Takes up a dead letter again. @returns undefined when there is none, or it is no reply and no outcome is given */
export function retryDeadLetter(
  context: TableContext,
  request: Parameters<Intake["retryDeadLetter"]>[0],
  hints: Hint[],
): Retried | undefined {
  const { deadLetters } = context.tables;
  const letter = deadLetters.find(request.deadLetterId);
  if (letter === undefined) return undefined;
  const { outcome } = request;
  const message = { dedupe: null, from: null };
  const retried =
    outcome === null
      ? requeue(context, letter, hints)
      : carryOut({ context, message: { ...message, outcome }, hints }, outcome).accepted;
  // What could not be stored anywhere else stays where it is.
  const isTakenUp = retried?.result === "queued" || (retried !== undefined && !isRefused(retried));
  if (isTakenUp) deadLetters.remove(letter.id);
  return retried;
}

/** Removes dead letters for good. @returns those that were there */
export function dropDeadLetters(context: TableContext, ids: readonly string[]): readonly string[] {
  return ids.filter((id) => removeDeadLetter(context, id));
}

/** Removes a dead letter for good, with its text for the outbox, unless that is of a task. @returns false when it is not there */
export function removeDeadLetter({ tables }: TableContext, id: string): boolean {
  const letter = tables.deadLetters.find(id);
  if (letter === undefined) return false;
  tables.deadLetters.remove(id);
  if (letter.itemId !== null && letter.taskId === null) tables.outbox.remove(letter.itemId);
  return true;
}
