import { describeError, isBridgeError } from "../contract/errors.ts";
import type { Claim } from "../contract/work.ts";
import { Attempt } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { pause, repeat } from "./loop.ts";
import { PartialAnswer, readPartialAnswer } from "./partial-answer.ts";
import { finalEvents, internalFailure, perform } from "./perform.ts";
import { cancelledEnding } from "./texts.ts";
import { TurnWriter } from "./turn-writer.ts";
import { fitEvent } from "./event-size.ts";
import type { AttemptResult } from "./work-result.ts";

/** How often a lost hint is made up for: claimable tasks, cancels and answers. */
const lookAgainMs = 1000;

/** Records the result. Tries again while the store refuses, as long as the claim may still hold. */
async function settle(
  engine: Engine,
  attempt: Attempt,
  of: { result: AttemptResult; writer: TurnWriter },
): Promise<void> {
  const { result, writer } = of;
  const { work } = engine.store;
  const { claim } = attempt;
  switch (result.type) {
    case "ended": {
      const cancelled = cancelledEnding(claim.task.runner, writer.partial.text);
      await work.finish(claim, {
        events: finalEvents(result).map(fitEvent),
        ending: result.ending,
        ifCancelled: cancelled,
      });
      return await engine.failpoint("finish.after");
    }
    case "suspended":
      return await work.suspend(claim, {
        question: result.question,
        state: result.state,
        events: [],
      });
    case "released":
      return await work.release(claim);
    case "lost":
      return engine.logger.warn("Another attempt owns the task; nothing more is written", {
        taskId: claim.taskId,
        attempt: claim.attempt,
      });
    default:
      return result satisfies never;
  }
}

async function settleSurely(
  engine: Engine,
  attempt: Attempt,
  of: { result: AttemptResult; writer: TurnWriter; signal: AbortSignal },
): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await settle(engine, attempt, of);
    } catch (error) {
      const facts = { taskId: attempt.claim.taskId, error: describeError(error) };
      if (isBridgeError(error, "CLAIM_LOST"))
        return engine.logger.warn("The claim was lost before the end was stored", facts);
      engine.logger.error("The end of a task could not be stored; trying again", facts);
      // At a stop there is no more time: the next start finds the task unfinished and recovers it.
      if (of.signal.aborted && failures > 2) return;
      if (of.signal.aborted) await engine.clock.sleep(100);
      else await pause(engine.clock, backoffMs(failures), of.signal);
    }
  }
}

async function runClaim(engine: Engine, attempt: Attempt, signal: AbortSignal): Promise<void> {
  const { claim } = attempt;
  const { answerBytes } = engine.limits;
  const partial =
    claim.attempt > 1
      ? await readPartialAnswer(engine.store.log, claim.taskId, answerBytes)
      : new PartialAnswer(answerBytes);
  const writer = new TurnWriter(engine, attempt, partial);
  const result = await perform(engine, attempt, writer).catch((error: unknown) => {
    engine.logger.error("A turn failed in the engine", {
      taskId: claim.taskId,
      error: describeError(error),
    });
    return internalFailure(writer, error);
  });
  await settleSurely(engine, attempt, { result, writer, signal });
}

/** Claims tasks, runs them side by side, and keeps their leases. */
export class Worker {
  readonly #engine: Engine;
  readonly #attempts = new Map<Attempt, Promise<void>>();
  #renewedAt: number;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#renewedAt = engine.clock.steady();
  }

  /** How many tasks this process works on now. */
  get running(): number {
    return this.#attempts.size;
  }

  /** Works until the signal aborts; then gives back what is unfinished. Resolves when nothing runs any more. */
  async run(signal: AbortSignal): Promise<void> {
    const drained = new AbortController();
    const news = this.#listen(drained.signal);
    await this.#claimAll(signal);
    for (const attempt of this.#attempts.keys()) attempt.stop({ type: "shutdown" });
    while (this.#attempts.size > 0) await Promise.all(this.#attempts.values());
    drained.abort();
    await news;
  }

  async #claimAll(signal: AbortSignal): Promise<void> {
    const { clock, limits, store, logger, feed, runners, worker } = this.#engine;
    using bell = feed.listen("work");
    await repeat("Claiming work", { clock, logger, signal }, async () => {
      const busy = [...this.#attempts.keys()].filter((attempt) => !attempt.isWaiting).length;
      const limit = limits.concurrency - busy;
      const request = { worker, runners: [...runners.keys()], leaseMs: limits.leaseMs, limit };
      const claims = limit <= 0 ? [] : await store.work.claim(request);
      for (const claim of claims) this.#begin(claim, { signal, freed: bell.ring });
      // A hand with something in it means that there may be more; an empty one that there is nothing to take.
      if (claims.length === 0) await bell.wait(lookAgainMs, signal);
    });
  }

  #begin(claim: Claim, of: { signal: AbortSignal; freed: () => void }): void {
    const { logger, clock } = this.#engine;
    const attempt = new Attempt(claim);
    if (this.#attempts.size === 0) this.#renewedAt = clock.steady();
    const done = runClaim(this.#engine, attempt, of.signal)
      .catch((error: unknown) => {
        const facts = { taskId: claim.taskId, error: describeError(error) };
        logger.error("A claimed task was left unfinished", facts);
      })
      .finally(() => {
        this.#attempts.delete(attempt);
        of.freed();
      });
    this.#attempts.set(attempt, done);
  }

  /** Takes cancels, answers and lost claims to the running attempts, and renews their leases. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { clock, limits, store, logger, feed } = this.#engine;
    using bell = feed.listen("news");
    await repeat("Looking at the news of running tasks", { clock, logger, signal }, async () => {
      await bell.wait(Math.min(lookAgainMs, limits.leaseMs / 6), signal);
      const mine = [...this.#attempts.keys()];
      if (mine.length === 0) return;
      const news = await store.work.news(mine.map((attempt) => attempt.claim));
      news.forEach((item, index) => mine[index]?.take(item));
      await this.#renew();
    });
  }

  /** Renews at a third of the lease; who could not renew for two thirds ends its runners. */
  async #renew(): Promise<void> {
    const { clock, limits, store, logger } = this.#engine;
    const began = clock.steady();
    const age = began - this.#renewedAt;
    if (age < limits.leaseMs / 3) return;
    const mine = [...this.#attempts.keys()];
    const claims = mine.map((attempt) => attempt.claim);
    try {
      const news = await store.work.renew(claims, limits.leaseMs);
      news.forEach((item, index) => mine[index]?.take(item));
      this.#renewedAt = began;
    } catch (error) {
      logger.error("The leases could not be renewed", { error: describeError(error) });
      if (age < (limits.leaseMs * 2) / 3) return;
      for (const attempt of mine) attempt.stop({ type: "lost" });
    }
  }
}
