import type { Hint } from "../contract/log.ts";
import type { Scope } from "../contract/principal.ts";
import type { Answer, Question } from "../contract/question.ts";
import { isInScope, isSuspended, seenQuestion, seenState } from "./rules.ts";
import { appendEvent, type TableContext } from "./table-context.ts";

/** Answers a question that is still open. @returns undefined when the scope does not hold it */
export function answerQuestion(
  context: TableContext,
  request: { readonly questionId: string; readonly answer: Answer; readonly scope: Scope },
  hints: Hint[],
): { readonly accepted: boolean; readonly question: Question } | undefined {
  const { tables, clock } = context;
  const found = tables.questions.find(request.questionId);
  const row = found === undefined ? undefined : tables.tasks.find(found.question.taskId);
  if (found === undefined || row === undefined || !isInScope(row.task.owner, request.scope))
    return undefined;
  const time = clock.steady();
  if (seenState(found, row, time) !== "open")
    return { accepted: false, question: seenQuestion(found, row, time) };
  const { answer } = request;
  const question: Question = { ...found.question, state: "answered", answer };
  tables.questions.update({ ...found, question });
  appendEvent(context, row, {
    type: "turn.answer",
    data: { ...answer, questionId: question.id, state: "answered" },
  });
  const taskId = row.task.id;
  hints.push({ topic: "events", taskId });
  if (isSuspended(row)) {
    hints.push({ topic: "work" });
  } else {
    tables.tasks.update({ ...row, task: { ...row.task, status: "running" } });
    hints.push({ topic: "news", taskId });
  }
  return { accepted: true, question };
}
