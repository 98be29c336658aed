import { describeError } from "../contract/errors.ts";
import type { Claim } from "../contract/work.ts";
import { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { keepLeases } from "./leases.ts";
import { repeat } from "./loop.ts";
import { runClaim } from "./run-claim.ts";

/** How often a lost hint is made up for: claimable tasks, cancels and answers. */
const lookAgainMs = 1000;

/** Claims tasks, runs them side by side, and keeps their leases. */
export class Worker {
  readonly #engine: Engine;
  readonly #attempts = new Map<Attempt, Promise<void>>();
  /** Aborts when no attempt needs its lease any more. */
  readonly #drained = new AbortController();
  #lookAtNews: () => void = () => undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How many tasks this process works on now. */
  get running(): number {
    return this.#attempts.size;
  }

  /** Works until the signal aborts; then gives back what is unfinished. Resolves when nothing runs any more. */
  async run(signal: AbortSignal): Promise<void> {
    const kept = Promise.all([
      this.#listen(this.#drained.signal),
      keepLeases(this.#engine, () => this.#attempts.keys(), this.#drained.signal),
    ]);
    await this.#claimAll(signal);
    for (const attempt of this.#attempts.keys()) attempt.stop({ type: "shutdown" });
    while (this.#attempts.size > 0) await Promise.all(this.#attempts.values());
    this.abandon();
    await kept;
  }

  /** Keeps nothing alive any more, also not for attempts that do not end. */
  abandon(): void {
    this.#drained.abort();
  }

  async #claimAll(signal: AbortSignal): Promise<void> {
    const { clock, store, logger, feed, runners, worker } = this.#engine;
    using bell = feed.listen("work");
    await repeat("Claiming work", { clock, logger, signal }, async () => {
      const busy = [...this.#attempts.keys()].filter((attempt) => !attempt.isWaiting).length;
      const { limits } = this.#engine;
      const limit = limits.concurrency - busy;
      const request = { worker, runners: [...runners.keys()], leaseMs: limits.leaseMs, limit };
      const heldAt = clock.steady();
      const claims = limit <= 0 ? [] : await store.work.claim(request);
      for (const claim of claims) this.#begin(claim, { signal, heldAt, onFree: bell.ring });
      // A hand with something in it means that there may be more; an empty one that there is nothing to take.
      if (claims.length === 0) await bell.wait(lookAgainMs, signal);
    });
  }

  #begin(claim: Claim, of: { signal: AbortSignal; heldAt: number; onFree: () => void }): void {
    const { logger } = this.#engine;
    const attempt = new Attempt(claim, of);
    // Claimed in the moment of the stop: given back before anything is begun.
    if (of.signal.aborted) attempt.stop({ type: "shutdown" });
    const done = runClaim(this.#engine, attempt, of.signal)
      .catch((error: unknown) => {
        const facts = { taskId: claim.taskId, error: describeError(error) };
        logger.error("A claimed task was left unfinished", facts);
      })
      .finally(() => {
        this.#attempts.delete(attempt);
        of.onFree();
      });
    this.#attempts.set(attempt, done);
    // What was asked between the claim and now rang for nobody.
    this.#lookAtNews();
  }

  /** Takes cancels, answers and lost claims to the running attempts. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { clock, store, logger, feed } = this.#engine;
    using bell = feed.listen("news");
    this.#lookAtNews = bell.ring;
    await repeat("Looking at the news of running tasks", { clock, logger, signal }, async () => {
      await bell.wait(lookAgainMs, signal);
      const mine = [...this.#attempts.keys()];
      if (mine.length === 0) return;
      const news = await store.work.news(mine.map((attempt) => attempt.claim));
      news.forEach((item, index) => mine[index]?.take(item));
    });
  }
}
