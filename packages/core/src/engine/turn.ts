import { describeError } from "../contract/errors.ts";
import type { Answer } from "../contract/question.ts";
import type { Json } from "../contract/json.ts";
import type {
  Runner,
  RunnerEnd,
  RunnerEvent,
  Session,
  Turn,
  TurnIo,
  TurnLimits,
} from "../contract/runner.ts";
import type { Attempt } from "./attempt.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import { parseRunnerEvent } from "./runner-events.ts";
import { sweepAttempt } from "./sweep-attempt.ts";
import { turnIo } from "./turn-io.ts";
import type { TurnWriter } from "./turn-writer.ts";
import { turnLimits } from "./turn-limits.ts";
import { startTimers, type TurnTimers } from "./turn-timers.ts";

/** What one turn is run with. */
export interface TurnRequest {
  readonly attempt: Attempt;
  readonly writer: TurnWriter;
  readonly runner: Runner;
  readonly prompt: string;
  readonly session: Session | null;
  readonly answered: { readonly answer: Answer; readonly state: Json } | null;
}

/** How far a turn has come. */
interface Course {
  /** What the runner ended with, although it may not have cleaned up yet. */
  end: RunnerEnd | null;
  /** True when it was left to itself: nothing that it still says is taken. */
  isGivenUp: boolean;
  /** True when something of it may be left behind. */
  isLeftOpen: boolean;
}

const aborted: RunnerEnd = { type: "end", outcome: "aborted" };

const failed = (message: string): RunnerEnd => ({ type: "end", outcome: "failed", message });

function turnOf(request: TurnRequest): Turn {
  const { attempt, runner, prompt, session, answered } = request;
  const { claim } = attempt;
  const { attachments } = claim.task.input;
  return {
    taskId: claim.taskId,
    attempt: claim.attempt,
    prompt,
    options: runner.options.parse(claim.rules.options),
    session,
    answered,
    provenance: claim.provenance,
    ...(attachments === undefined ? {} : { attachments }),
  };
}

/** Lets the runner clean up, for as long as the grace time. */
async function close(
  engine: Engine,
  events: AsyncIterator<RunnerEvent>,
  of: { runner: Runner; course: Course; graceMs: number },
): Promise<void> {
  const bounds = {
    what: `The end of a turn of ${of.runner.name}`,
    signal: new AbortController().signal,
    limitMs: of.graceMs,
  };
  try {
    await boundedCall(engine.clock, bounds, async () => void (await events.return?.()));
  } catch (error) {
    of.course.isLeftOpen = true;
    engine.logger.warn("A runner did not clean up after its turn", {
      runner: of.runner.name,
      error: describeError(error),
    });
  }
}

/** Takes the runner's events until its end. Never rejects. */
async function drain(
  engine: Engine,
  request: TurnRequest,
  of: { course: Course; io: TurnIo; timers: TurnTimers; graceMs: number },
): Promise<RunnerEnd> {
  const { runner, writer, attempt } = request;
  const { course, io, timers, graceMs } = of;
  let events: AsyncIterator<RunnerEvent> | undefined;
  try {
    events = runner.run(turnOf(request), io)[Symbol.asyncIterator]();
    for (let step = await events.next(); step.done !== true; step = await events.next()) {
      if (course.isGivenUp) break;
      timers.touch();
      const event = parseRunnerEvent(step.value);
      if (event.type === "end") {
        course.end = event;
        break;
      }
      await writer.take(event);
    }
    course.end ??= attempt.signal.aborted
      ? aborted
      : failed(`${runner.name} ended without a result.`);
  } catch (error) {
    course.end = attempt.signal.aborted
      ? aborted
      : failed(`${runner.name} failed: ${describeError(error)}`);
  }
  timers[Symbol.dispose]();
  if (events !== undefined) await close(engine, events, { runner, course, graceMs });
  return course.end;
}

/** Resolves a while after the attempt was asked to stop: for runners that do not end by themselves. */
function graceOver(
  engine: Engine,
  attempt: Attempt,
  graceMs: number,
): { over: Promise<null>; dispose: () => void } {
  const { promise, resolve } = Promise.withResolvers<null>();
  let timer: { stop(): void } | undefined;
  const onAbort = (): void => {
    timer = engine.clock.timer(graceMs, () => resolve(null));
  };
  if (attempt.signal.aborted) onAbort();
  else attempt.signal.addEventListener("abort", onAbort, { once: true });
  return {
    over: promise,
    dispose: () => {
      timer?.stop();
      attempt.signal.removeEventListener("abort", onAbort);
    },
  };
}

/**
 * Runs one turn to its end. It always ends: a runner that does not stop when asked is given up after the
 * grace time, and its processes are swept.
 */
export async function runTurn(engine: Engine, request: TurnRequest): Promise<RunnerEnd> {
  const { attempt, runner, writer } = request;
  let limits: TurnLimits;
  try {
    limits = turnLimits(engine.limits, runner, attempt.claim.rules);
  } catch (error) {
    return failed(`${runner.name} failed: ${describeError(error)}`);
  }
  const { graceMs } = limits;
  using timers = startTimers(engine.clock, attempt, limits);
  const course: Course = { end: null, isGivenUp: false, isLeftOpen: false };
  const open = turnIo(engine, { attempt, writer, timers });
  const grace = graceOver(engine, attempt, graceMs);
  try {
    const end = await Promise.race([
      drain(engine, request, { course, io: open.io, timers, graceMs }),
      grace.over,
    ]);
    course.isGivenUp = end === null;
    if (end === null) {
      engine.logger.warn("The runner did not stop in time and was given up", {
        runner: runner.name,
        taskId: attempt.claim.taskId,
      });
    }
    if (attempt.signal.aborted || course.isLeftOpen) await sweepAttempt(engine, attempt, writer);
    await open.end();
    await writer.end();
    return end ?? course.end ?? aborted;
  } finally {
    grace.dispose();
  }
}
