import type { RunnerFailure } from "../contract/handle.ts";
import type { FailureCode } from "../contract/task.ts";
import type { Engine } from "./engine.ts";
import type { AttemptResult } from "./work-result.ts";

/** What is remembered of a runner since the start, for `status`. */
export interface RunnerRecord {
  readonly checkedAt: number | null;
  readonly lastFailure: RunnerFailure | null;
}

const nothing: RunnerRecord = { checkedAt: null, lastFailure: null };

/** Ends that are the runner's own doing. */
const ownFailures: ReadonlySet<FailureCode> = new Set([
  "runner_failed",
  "runner_unavailable",
  "timeout",
  "crash_loop",
]);

/** What is remembered of a runner. */
export function recordOf(
  { runnerRecords }: Pick<Engine, "runnerRecords">,
  name: string,
): RunnerRecord {
  return runnerRecords.get(name) ?? nothing;
}

/** Remembers when a runner was looked at. */
export function noteCheck(engine: Engine, name: string): void {
  const checkedAt = engine.clock.now();
  engine.runnerRecords.set(name, { ...recordOf(engine, name), checkedAt });
}

/** Remembers an end that is the runner's doing. */
export function noteEnd(
  engine: Engine,
  of: { readonly runner: string; readonly taskId: string },
  result: AttemptResult,
): void {
  const error = result.type === "ended" ? result.ending.error : null;
  if (error === null || !ownFailures.has(error.code)) return;
  const { runner, taskId } = of;
  const message = engine.redactor.text(error.message).slice(0, maxMessage);
  const lastFailure = { at: engine.clock.now(), taskId, code: error.code, message };
  engine.runnerRecords.set(runner, { ...recordOf(engine, runner), lastFailure });
}

/** Of a failure's text, so many characters are remembered. */
const maxMessage = 1000;
