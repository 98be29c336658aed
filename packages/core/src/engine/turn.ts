import { describeError } from "../contract/errors.ts";
import type { Answer } from "../contract/question.ts";
import type { Json } from "../contract/json.ts";
import type {
  ProcessRecord,
  Runner,
  RunnerEnd,
  Session,
  Turn,
  TurnIo,
} from "../contract/runner.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { askLive } from "./questions.ts";
import type { TurnWriter } from "./turn-writer.ts";
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

function turnIo(engine: Engine, request: TurnRequest, timers: TurnTimers): TurnIo {
  const { attempt, writer } = request;
  const { taskId, attempt: number } = attempt.claim;
  let begun = attempt.claim.begun;
  const stillOurs = (): void => attempt.signal.throwIfAborted();
  return {
    signal: attempt.signal,
    logger: engine.logger,
    mark: { stateId: engine.stateId, taskId, attempt: number },
    begins: async () => {
      if (!begun) await writer.write({ events: [], begins: true });
      stillOurs();
      begun = true;
    },
    spawned: async (process: ProcessRecord) => {
      await writer.write({ events: [], process });
      await engine.failpoint("spawn.after");
      stillOurs();
    },
    ask: async (question) => {
      const answer = await askLive(engine, { attempt, writer, question });
      timers.touch();
      return answer;
    },
  };
}

function turnOf(request: TurnRequest): Turn {
  const { attempt, runner, prompt, session, answered } = request;
  const { claim } = attempt;
  return {
    taskId: claim.taskId,
    attempt: claim.attempt,
    prompt,
    options: runner.options.parse(claim.rules.options),
    session,
    answered,
    provenance: claim.provenance,
  };
}

const noResult: RunnerEnd = {
  type: "end",
  outcome: "failed",
  message: "The agent ended without a result.",
};

/** Takes the runner's events until its end. */
async function drain(engine: Engine, request: TurnRequest, timers: TurnTimers): Promise<RunnerEnd> {
  const { runner, writer, attempt } = request;
  try {
    const turn = turnOf(request);
    for await (const event of runner.run(turn, turnIo(engine, request, timers))) {
      timers.touch();
      if (event.type === "end") return event;
      if (attempt.stopped?.type !== "lost") await writer.take(event);
    }
    return noResult;
  } catch (error) {
    if (attempt.signal.aborted) return { type: "end", outcome: "aborted" };
    return {
      type: "end",
      outcome: "failed",
      message: `${runner.name} failed: ${describeError(error)}`,
    };
  }
}

/** Resolves a while after the attempt was asked to stop: for runners that do not end by themselves. */
function graceOver(
  engine: Engine,
  attempt: Attempt,
  graceMs: number,
): { over: Promise<"abandoned">; dispose: () => void } {
  const { promise, resolve } = Promise.withResolvers<"abandoned">();
  let timer: { stop(): void } | undefined;
  const onAbort = (): void => {
    timer = engine.clock.timer(graceMs, () => resolve("abandoned"));
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

/** Ends what an attempt has left behind. What can not be ended is told in the task's events. */
async function sweepAttempt(engine: Engine, request: TurnRequest): Promise<void> {
  const { attempt, writer } = request;
  const { taskId, attempt: number } = attempt.claim;
  const recorded = await engine.store.work.processes(engine.worker.node);
  const { survivors } = await engine.sweeper.sweep({
    recorded: recorded.filter((record) => record.taskId === taskId && record.attempt === number),
    only: { taskId, attempt: number },
    signal: AbortSignal.timeout(2 * engine.limits.turn.graceMs),
  });
  if (survivors.length === 0) return;
  const text = `Processes of this task could not be ended: ${survivors.join(", ")}.`;
  engine.logger.error(text, { taskId });
  await writer.write({ events: [{ type: "turn.notice", data: { level: "warning", text } }] });
}

/**
 * Runs one turn to its end. It always ends: a runner that does not stop when asked is given up after the
 * grace time, and its processes are swept.
 */
export async function runTurn(engine: Engine, request: TurnRequest): Promise<RunnerEnd> {
  const { attempt, runner, writer } = request;
  const options = runner.options.safeParse(attempt.claim.rules.options);
  const limits = {
    ...engine.limits.turn,
    ...(options.success ? runner.limits?.(options.data) : {}),
  };
  using timers = startTimers(engine.clock, attempt, limits);
  const grace = graceOver(engine, attempt, limits.graceMs);
  try {
    const end = await Promise.race([drain(engine, request, timers), grace.over]);
    if (attempt.signal.aborted) await sweepAttempt(engine, request);
    await writer.end();
    if (end !== "abandoned") return end;
    engine.logger.warn("The runner did not stop in time and was given up", {
      runner: runner.name,
      taskId: attempt.claim.taskId,
    });
    return { type: "end", outcome: "aborted" };
  } finally {
    grace.dispose();
  }
}
