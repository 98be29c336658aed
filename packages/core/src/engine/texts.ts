import type { Ending } from "../contract/intake.ts";
import type { QuestionText } from "../contract/question.ts";
import type { BudgetUnit } from "../contract/budget.ts";
import type { RouteBudget } from "../contract/route.ts";
import type { FailureCode } from "../contract/task.ts";
import { cutBytes } from "../plain-data.ts";

/** The reply of a completed turn that said nothing. */
export const emptyOutput = (runner: string): string => `(${runner} returned empty output)`;

/** Put before the answer when a stored session was gone. */
export const freshSessionNote = (runner: string): string =>
  `(${runner} no longer had the earlier session of this conversation; this answer comes from a fresh one.)`;

/** What a turn is told that goes on after an interruption, in the session that was interrupted. */
export function recoveryPrompt(request: string): string {
  const quoted = request.replaceAll(/^/gm, "> ");
  return `You were interrupted while working on the request below. Some of it may already be done, so look at the present state before you act, do not repeat what is done, finish what is left, and then answer the request.\n\n${quoted}`;
}

/** What a person is sent when an agent asks. */
export function questionMessage(runner: string, question: QuestionText): string {
  const details = Object.entries(question.details)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
  const how =
    question.type === "approval" ? "Answer yes or no." : "Your next message is the answer.";
  return [`${runner} asks: ${question.title}`, details, how]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What a person is sent, once, whose message has to wait behind an open question. */
export const waitingMessage = (runner: string): string =>
  `(${runner} is waiting for an answer to its question; this message comes after it.)`;

/** What a person is sent whose message was put aside. */
export const putAsideMessage = (why: string): string =>
  `(This message was put aside and is not answered: ${why}.)`;

const unitTexts: Readonly<Record<BudgetUnit, (budget: RouteBudget) => string>> = {
  turns: ({ turns }) => `${turns} turns`,
  tokens: ({ tokens }) => `${tokens} tokens`,
  workMs: ({ minutes }) => `${minutes} minutes`,
};

const subjectTexts: Readonly<Record<RouteBudget["per"], string>> = {
  route: "of this route",
  sender: "of this sender",
  conversation: "of this conversation",
};

/** About how long, for people. */
function roughly(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** What of a budget is used up, and when it is free again. */
export function budgetText(
  budget: RouteBudget,
  of: { unit: BudgetUnit; freeInMs: number; freeAt: number },
): string {
  const { per, windowHours } = budget;
  const at = new Date(of.freeAt).toISOString().slice(0, 16).replace("T", " ");
  const when =
    of.freeInMs === 0 ? "" : `; there is room again in ${roughly(of.freeInMs)} (${at} UTC)`;
  return `the budget ${subjectTexts[per]}, ${unitTexts[of.unit](budget)} in ${windowHours} h, is used up${when}`;
}

/** How a completed task is recorded. An answer over `limitBytes` is cut, with a mark. */
export function completedEnding(
  runner: string,
  output: string,
  options: { limitBytes: number; note: string | null },
): Ending {
  const whole = cutBytes(output, options.limitBytes);
  const kept =
    whole === output
      ? output
      : `${whole}\n[…cut: the answer had ${Buffer.byteLength(output)} bytes]`;
  const text = kept.trim() === "" ? emptyOutput(runner) : kept;
  return {
    status: "completed",
    output: kept,
    error: null,
    reply: options.note === null ? text : `${options.note}\n\n${text}`,
  };
}

/** How a failed task is recorded: the failure is its text, and the exit code where there was one. */
export function failedEnding(failure: {
  readonly code: FailureCode;
  readonly message: string;
  readonly exitCode?: number | undefined;
  readonly partial: string | null;
}): Ending {
  const { code, message, exitCode, partial } = failure;
  return {
    status: "failed",
    output: partial,
    error: { code, message, ...(exitCode === undefined ? {} : { exitCode }) },
    reply: exitCode === undefined ? message : `${message}\nexit=${exitCode}`,
  };
}

/** How a cancelled task is recorded. */
export function cancelledEnding(
  runner: string,
  partial: string | null,
  reason: string | null = null,
): Ending {
  const message = `${runner} was cancelled${reason === null ? "" : `: ${reason}`}`;
  return { ...failedEnding({ code: "cancelled", message, partial }), reply: `(${message})` };
}
