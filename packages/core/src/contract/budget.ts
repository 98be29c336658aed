/**
 * What the work under one key may use in a window that goes with the time. What was used counts for at least
 * the window and at most a 24th of it longer: it is kept in parts, so that a key holds a few rows however much
 * is done under it.
 */
export interface Budget {
  /** One key has one window. */
  readonly key: string;
  readonly windowMs: number;
  /** The most of each within a window; null: no limit. Used up is what has reached its limit. */
  readonly limits: { readonly [U in BudgetUnit]: number | null };
}

/** What a budget counts: turns that began, tokens, and milliseconds of work. */
export type BudgetUnit = "turns" | "tokens" | "workMs";

/** What was used of each. */
export type BudgetUse = { readonly [U in BudgetUnit]: number };

/** What a claim's work has used since it told last; it is added to what the window holds. */
export interface Spent {
  readonly budget: Pick<Budget, "key" | "windowMs">;
  readonly tokens: number;
  readonly workMs: number;
}

/** How a budget stands for a turn that wants to begin. */
export interface BudgetState {
  /** What the window holds, with the turn that began. */
  readonly used: BudgetUse;
  /** What is used up, so that the turn may not begin; null: it may, and is counted. */
  readonly usedUp: BudgetUnit | null;
  /** Milliseconds until a turn may begin, if nothing else is used; 0 when it may now. */
  readonly freeInMs: number;
}
