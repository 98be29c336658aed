import { describeError } from "../contract/errors.ts";
import type { Answer } from "../contract/question.ts";
import type { Json } from "../contract/json.ts";
import type { Runner, RunnerEnd, Session } from "../contract/runner.ts";
import { takeAttachments } from "./attachments.ts";
import type { Attempt } from "./attempt.ts";
import { beginOnBudget, endedOnBudget } from "./budget.ts";
import type { Engine } from "./engine.ts";
import { checkHealth } from "./health.ts";
import { pause } from "./loop.ts";
import { newQuestion } from "./questions.ts";
import { beginningOf, type Beginning } from "./recovery.ts";
import { cancelledEnding, completedEnding, failedEnding, freshSessionNote } from "./texts.ts";
import { runTurn } from "./turn.ts";
import type { TurnWriter } from "./turn-writer.ts";
import type { AttemptResult } from "./work-result.ts";

/** Pauses before a failed turn is run again that has done nothing yet. */
const retryMs = [1000, 4000];
/** How often one attempt may ask where nobody can be asked, before it is ended. */
const maxDeclined = 20;

/** What a turn goes on with; changes between the turns of one attempt. */
interface Course {
  readonly prompt: string;
  readonly session: Session | null;
  readonly answered: { readonly answer: Answer; readonly state: Json } | null;
  /** Told with the answer: the session had to be replaced. */
  readonly note: string | null;
  readonly retries: number;
  /** Questions that were answered with "no" because nobody can be asked. */
  readonly declined: number;
}

const failed = (
  writer: TurnWriter,
  failure: {
    code: Parameters<typeof failedEnding>[0]["code"];
    message: string;
    exitCode?: number | undefined;
  },
): AttemptResult => ({
  type: "ended",
  ending: failedEnding({ ...failure, partial: writer.partial.text }),
});

const notice = async (writer: TurnWriter, level: "info" | "warning", text: string): Promise<void> =>
  await writer.write({ events: [{ type: "turn.notice", data: { level, text } }] });

/** The result of an attempt that was stopped from outside; undefined when it was not. */
function stoppedResult(attempt: Attempt, writer: TurnWriter): AttemptResult | undefined {
  const cause = attempt.stopped;
  switch (cause?.type) {
    case undefined:
      return undefined;
    case "cancel":
      return {
        type: "ended",
        ending: cancelledEnding(attempt.claim.task.runner, writer.partial.text),
      };
    case "timeout":
      return failed(writer, { code: "timeout", message: cause.message });
    case "budget":
      return failed(writer, {
        code: "budget",
        message: `(${attempt.claim.task.runner} was ended: its budget is used up)`,
      });
    case "store":
      return failed(writer, {
        code: "interrupted",
        message: `(interrupted: the store does not take what ${attempt.claim.task.runner} does: ${cause.message})`,
      });
    case "shutdown":
      return { type: "released", notBeforeMs: 0 };
    case "lost":
      return { type: "lost" };
    default:
      return cause satisfies never;
  }
}

/** The same after a turn, whose own end counts if it came to one before a planned stop, or the end of its budget. */
function stoppedAfter(
  attempt: Attempt,
  writer: TurnWriter,
  end: RunnerEnd,
): AttemptResult | undefined {
  const isDone = end.outcome === "completed" || end.outcome === "suspended";
  const { stopped } = attempt;
  if ((stopped?.type === "shutdown" || stopped?.type === "budget") && isDone) return undefined;
  return stoppedResult(attempt, writer);
}

/** The result of a turn that went beyond its budget before it was done; undefined when it was done, or did not. */
async function overBudget(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter },
  end: RunnerEnd,
): Promise<AttemptResult | undefined> {
  const { attempt, writer } = of;
  const { stopped, meter } = attempt;
  if (stopped?.type !== "budget" || stoppedAfter(attempt, writer, end) === undefined)
    return undefined;
  if (meter !== null) await writer.write({ events: [], spent: meter.take() });
  const message = await endedOnBudget(engine, attempt, stopped.unit);
  return failed(writer, { code: "budget", message });
}

/** A failed turn is run again only if that may help and nothing was done yet. */
async function afterFailure(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; course: Course },
  end: Extract<RunnerEnd, { outcome: "failed" }>,
): Promise<AttemptResult | Course> {
  const { attempt, writer, course } = of;
  const retryIn = end.retryable === true && !writer.hasActed ? retryMs[course.retries] : undefined;
  if (retryIn === undefined) {
    return failed(writer, { code: "runner_failed", message: end.message, exitCode: end.exitCode });
  }
  await notice(writer, "warning", `${end.message} Trying again in ${retryIn / 1000} s.`);
  await pause(engine.clock, retryIn, attempt.signal);
  return stoppedResult(attempt, writer) ?? { ...course, retries: course.retries + 1 };
}

/** Keeps the question for a person; where nobody can be asked, the turn goes on with a "no". */
async function afterSuspension(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; course: Course },
  end: Extract<RunnerEnd, { outcome: "suspended" }>,
): Promise<AttemptResult | Course> {
  const { attempt, writer, course } = of;
  if (attempt.claim.questions === "ask") {
    const question = newQuestion(engine, attempt, end.question);
    return { type: "suspended", question, state: end.state };
  }
  if (course.declined >= maxDeclined) {
    const message = `(${attempt.claim.task.runner} asked ${maxDeclined} times where nobody can be asked, and was ended)`;
    return failed(writer, { code: "runner_failed", message });
  }
  const text = `Declined, because nobody can be asked here: ${end.question.title}`;
  await notice(writer, "info", text);
  const answered = { answer: { action: "decline" }, state: end.state } as const;
  return { ...course, answered, declined: course.declined + 1 };
}

/** The end of a turn that came to one. Attachments that can not be taken are told of in the log. */
async function afterCompletion(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; course: Course },
  end: Extract<RunnerEnd, { outcome: "completed" }>,
): Promise<AttemptResult> {
  const { attempt, writer, course } = of;
  const { taken, problems } = takeAttachments(end.attachments);
  if (problems.length > 0)
    await notice(writer, "warning", `Attachments were left out: ${problems.join("; ")}.`);
  const limits = { limitBytes: engine.limits.answerBytes, note: course.note };
  const ending = completedEnding(attempt.claim.task.runner, end.output, limits);
  return {
    type: "ended",
    ending: taken.length === 0 ? ending : { ...ending, attachments: taken },
  };
}

/** Decides after a turn: a result, or the course of the next turn of this attempt. */
async function afterTurn(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; course: Course; beginning: Beginning },
  end: RunnerEnd,
): Promise<AttemptResult | Course> {
  const { attempt, writer, course, beginning } = of;
  const { runner } = attempt.claim.task;
  switch (end.outcome) {
    case "completed":
      return await afterCompletion(engine, { attempt, writer, course }, end);
    case "failed":
      return await afterFailure(engine, { attempt, writer, course }, end);
    case "session_gone":
      if (course.session === null)
        return failed(writer, { code: "runner_failed", message: end.message });
      // What an earlier turn did is known to that session only: from the beginning it would be done again.
      if (beginning.type === "resumed" || course.answered !== null || writer.hasActed) {
        return failed(writer, {
          code: "interrupted",
          message: `(${runner} was interrupted, and its session is gone: ${end.message})`,
        });
      }
      await notice(writer, "warning", `${end.message} Starting a fresh session.`);
      return { ...course, session: null, note: freshSessionNote(runner) };
    case "suspended":
      return await afterSuspension(engine, { attempt, writer, course }, end);
    case "aborted":
      return failed(writer, {
        code: "interrupted",
        message: `(${runner} ended its turn without being asked to)`,
      });
    default:
      return end satisfies never;
  }
}

/** Tells why this attempt begins as it does, and closes what an earlier one left open. */
async function open(engine: Engine, attempt: Attempt, writer: TurnWriter): Promise<Beginning> {
  const { claim } = attempt;
  if (claim.openQuestion !== null) {
    await writer.write({ events: [], close: { questionId: claim.openQuestion.id, state: "void" } });
  }
  const beginning = beginningOf(claim);
  if (claim.cause === "recovered") {
    const tally = engine.tally.recovered;
    if (beginning.type === "new") tally.asNew++;
    else tally[beginning.type]++;
  }
  if (beginning.type === "resumed") {
    const why =
      claim.cause === "recovered"
        ? "The process that ran this turn ended"
        : "The turn was given back at a planned stop";
    await notice(writer, "warning", `${why}; it goes on in session ${beginning.session.id}.`);
  }
  return beginning;
}

async function findRunner(engine: Engine, attempt: Attempt): Promise<Runner | string> {
  const { claim } = attempt;
  const runner = engine.runners.get(claim.task.runner);
  if (runner === undefined) return `There is no runner "${claim.task.runner}".`;
  const options = runner.options.safeParse(claim.rules.options);
  if (!options.success)
    return `${runner.name} does not take the options of this task's route any more.`;
  const health = await checkHealth(engine, runner, attempt.signal);
  return health === null || health.ready ? runner : health.problems.join(" ");
}

/**
 * Works on a claimed task up to a result. Never rejects for what the runner does; only for failures of
 * the engine itself.
 */
export async function perform(
  engine: Engine,
  attempt: Attempt,
  writer: TurnWriter,
): Promise<AttemptResult> {
  const { claim } = attempt;
  if (claim.task.cancelRequested) attempt.stop({ type: "cancel" });
  const stopped = stoppedResult(attempt, writer);
  if (stopped !== undefined) return stopped;
  if (claim.task.crashes >= engine.limits.crashes) {
    return failed(writer, {
      code: "crash_loop",
      message: `(${claim.task.runner} was ended ${claim.task.crashes} times in the middle of this request; it is not tried again)`,
    });
  }
  const beginning = await open(engine, attempt, writer);
  if (beginning.type === "interrupted")
    return failed(writer, { code: "interrupted", message: `(${beginning.message})` });
  const runner = await findRunner(engine, attempt);
  if (typeof runner === "string") {
    return (
      stoppedResult(attempt, writer) ??
      failed(writer, {
        code: "runner_unavailable",
        message: `(${claim.task.runner} can not work: ${runner})`,
      })
    );
  }
  const refusal = await beginOnBudget(engine, attempt);
  if (refusal !== undefined) return failed(writer, { code: "budget", message: refusal });
  let course: Course = {
    prompt: beginning.prompt,
    session: beginning.session,
    answered: claim.answered,
    note: null,
    retries: 0,
    declined: 0,
  };
  for (;;) {
    const early = stoppedResult(attempt, writer);
    if (early !== undefined) return early;
    const end = await runTurn(engine, { ...course, attempt, writer, runner });
    attempt.meter?.nextTurn();
    const next =
      (await overBudget(engine, { attempt, writer }, end)) ??
      stoppedAfter(attempt, writer, end) ??
      (await afterTurn(engine, { attempt, writer, course, beginning }, end));
    if ("type" in next) return next;
    course = next;
  }
}

/** A failure of the engine itself, as the end of a task that was not stopped before. */
export function internalFailure(
  attempt: Attempt,
  writer: TurnWriter,
  error: unknown,
): AttemptResult {
  const message = `(agent-bridge failed: ${describeError(error)})`;
  return stoppedResult(attempt, writer) ?? failed(writer, { code: "interrupted", message });
}
