import type { Budget, BudgetUnit, BudgetUse, Spent } from "../contract/budget.ts";
import type { Clock } from "../contract/clock.ts";
import type { Usage } from "../contract/task.ts";

/**
 * Measures what an attempt uses of its budget, and tells when it goes beyond what was left at its beginning. What
 * others use meanwhile is not seen: together they may go beyond the budget by what is running, and no further.
 */
export class TurnMeter implements Disposable {
  readonly #clock: Clock;
  readonly #budget: Budget;
  readonly #left: { readonly tokens: number; readonly workMs: number };
  readonly #onOver: (unit: BudgetUnit) => void;
  /** Of the turns before this one. */
  #earlierTokens = 0;
  #turnTokens = 0;
  /** Up to when it last began to work. */
  #workedMs = 0;
  /** Null while it waits for an answer. */
  #workingSince: number | null;
  #told = { tokens: 0, workMs: 0 };
  #timer: { stop(): void } | null = null;

  /** @param of.used what the budget had used at the beginning */
  constructor(
    clock: Clock,
    of: { budget: Budget; used: BudgetUse; onOver: (unit: BudgetUnit) => void },
  ) {
    const { budget, used, onOver } = of;
    const left = (unit: "tokens" | "workMs"): number =>
      (budget.limits[unit] ?? Number.POSITIVE_INFINITY) - used[unit];
    this.#clock = clock;
    this.#budget = budget;
    this.#left = { tokens: left("tokens"), workMs: left("workMs") };
    this.#onOver = onOver;
    this.#workingSince = clock.steady();
    this.#watch();
  }

  /** Takes the tokens of the running turn so far. */
  count({ inputTokens, outputTokens }: Usage): void {
    this.#turnTokens = Math.max(this.#turnTokens, inputTokens + outputTokens);
    if (this.#earlierTokens + this.#turnTokens > this.#left.tokens) this.#onOver("tokens");
  }

  /** What is counted from here on is of another turn. */
  nextTurn(): void {
    this.#earlierTokens += this.#turnTokens;
    this.#turnTokens = 0;
  }

  /** While it waits for an answer, no time is counted. */
  set isWaiting(isWaiting: boolean) {
    if (isWaiting === (this.#workingSince === null)) return;
    this.#workedMs = this.#workMs;
    this.#workingSince = isWaiting ? null : this.#clock.steady();
    this.#watch();
  }

  /** What was used since the last time that this was asked. */
  take(): Spent {
    const now = { tokens: this.#earlierTokens + this.#turnTokens, workMs: this.#workMs };
    const { key, windowMs } = this.#budget;
    const tokens = now.tokens - this.#told.tokens;
    const workMs = now.workMs - this.#told.workMs;
    this.#told = now;
    return { budget: { key, windowMs }, tokens, workMs };
  }

  [Symbol.dispose](): void {
    this.#timer?.stop();
  }

  get #workMs(): number {
    const since = this.#workingSince;
    return this.#workedMs + (since === null ? 0 : this.#clock.steady() - since);
  }

  #watch(): void {
    this.#timer?.stop();
    this.#timer = null;
    const restMs = this.#left.workMs - this.#workMs;
    if (this.#workingSince === null || restMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.timer(restMs, () => {
      // A timer has a longest time, after which it may ring too early.
      if (this.#workMs < this.#left.workMs) this.#watch();
      else this.#onOver("workMs");
    });
  }
}
