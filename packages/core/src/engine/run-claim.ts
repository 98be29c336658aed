import type { Spent } from "../contract/budget.ts";
import { describeError, isBridgeError } from "../contract/errors.ts";
import type { Attempt } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { noteEnd } from "./runner-record.ts";
import { pause } from "./loop.ts";
import { type EarlierTurns, PartialAnswer, readEarlierTurns } from "./partial-answer.ts";
import { internalFailure, perform } from "./perform.ts";
import { readCancelReason } from "./cancel-reason.ts";
import { cancelledEnding } from "./texts.ts";
import { TurnWriter } from "./turn-writer.ts";
import { finalEvents, type AttemptResult } from "./work-result.ts";

/** How often the end of an attempt is tried to be stored once the bridge stops, and the pause between. */
const lastTries = { count: 3, pauseMs: 100 };

/** Records the result. */
async function settle(
  engine: Engine,
  attempt: Attempt,
  of: { result: AttemptResult; writer: TurnWriter; spent: { spent?: Spent } },
): Promise<void> {
  const { result, writer, spent } = of;
  const { redactor } = engine;
  const { work, log } = engine.store;
  const { claim } = attempt;
  switch (result.type) {
    case "ended": {
      const reason =
        attempt.stopped?.type === "cancel" ? await readCancelReason(log, claim.taskId) : null;
      const ifCancelled = cancelledEnding(claim.task.runner, writer.partial.text, reason);
      await work.finish(claim, {
        events: redactor.write({ events: finalEvents(result) }).events,
        ending: redactor.ending(attempt.stopped?.type === "cancel" ? ifCancelled : result.ending),
        ifCancelled: redactor.ending(ifCancelled),
        ...spent,
      });
      return await engine.failpoint("finish.after");
    }
    case "suspended":
      return await work.suspend(claim, {
        question: redactor.question(result.question),
        state: redactor.data(result.state),
        events: [],
        ...spent,
      });
    case "released":
      return await work.release(claim, { notBeforeMs: result.notBeforeMs, ...spent });
    case "lost":
      return engine.logger.warn("Another attempt owns the task; nothing more is written", {
        taskId: claim.taskId,
        attempt: claim.attempt,
      });
    default:
      return result satisfies never;
  }
}

/** Records the result; tries again while the store refuses, as long as the claim may still hold. */
async function settleSurely(
  engine: Engine,
  attempt: Attempt,
  of: Parameters<typeof settle>[2] & { signal: AbortSignal },
): Promise<void> {
  let triesAtStop = 0;
  for (let failures = 1; ; failures++) {
    try {
      return await settle(engine, attempt, of);
    } catch (error) {
      const facts = { taskId: attempt.claim.taskId, error: describeError(error) };
      if (isBridgeError(error, "CLAIM_LOST"))
        return engine.logger.warn("The claim was lost before the end was stored", facts);
      const level = failures === 1 ? "error" : "debug";
      engine.logger[level]("The end of an attempt could not be stored; trying again", facts);
      // At a stop there is no more time: the next start finds the task unfinished and recovers it.
      if (of.signal.aborted && ++triesAtStop >= lastTries.count) return;
      if (of.signal.aborted) await engine.clock.sleep(lastTries.pauseMs);
      else await pause(engine.clock, backoffMs(failures), of.signal);
    }
  }
}

/** What the earlier attempts of this task have left. */
async function earlierTurns(engine: Engine, attempt: Attempt): Promise<EarlierTurns> {
  const { answerBytes } = engine.limits;
  const { claim } = attempt;
  const nothing = { partial: new PartialAnswer(answerBytes), bytes: 0, notices: new Set<string>() };
  if (claim.attempt === 1) return nothing;
  try {
    return await readEarlierTurns(engine.store.log, claim.taskId, answerBytes);
  } catch (error) {
    // Its loss costs at most a partial answer; a store that stays broken refuses the next write, too.
    engine.logger.warn("What an earlier attempt had said could not be read", {
      taskId: claim.taskId,
      error: describeError(error),
    });
    return nothing;
  }
}

/** Works on a claimed task and records what became of it. */
export async function runClaim(
  engine: Engine,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  const writer = new TurnWriter(engine, attempt, await earlierTurns(engine, attempt));
  const result = await perform(engine, attempt, writer).catch((error: unknown) => {
    engine.logger.error("A turn failed in the engine", {
      taskId: attempt.claim.taskId,
      error: describeError(error),
    });
    return internalFailure(attempt, writer, error);
  });
  const { task, taskId } = attempt.claim;
  noteEnd(engine, { runner: task.runner, taskId }, result);
  const { meter } = attempt;
  meter?.[Symbol.dispose]();
  // Taken once, however often the end is tried to be stored.
  const spent = meter === null ? {} : { spent: meter.take() };
  await settleSurely(engine, attempt, { result, writer, spent, signal });
}
