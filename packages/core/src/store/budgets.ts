import type { Budget, BudgetState, BudgetUnit, BudgetUse, Spent } from "../contract/budget.ts";
import type { ClaimRef } from "../contract/work.ts";
import type { BudgetRow } from "./rows.ts";
import { ownedTask, type TableContext } from "./table-context.ts";

/** Into how many parts a window is divided: what was used counts at most one of them too long. */
const partsOfWindow = 24;

const none: BudgetUse = { turns: 0, tokens: 0, workMs: 0 };
const units = Object.keys(none) as readonly BudgetUnit[];

/** A row or sum with so much more used. */
export function addedUse<U extends BudgetUse>(one: U, other: BudgetUse): U {
  return {
    ...one,
    turns: one.turns + other.turns,
    tokens: one.tokens + other.tokens,
    workMs: one.workMs + other.workMs,
  };
}

/** The end of the part of a window that is used now: it counts until all of it is as old as the window. */
function partUntil(windowMs: number, time: number): number {
  const partMs = Math.ceil(windowMs / partsOfWindow);
  return (Math.floor(time / partMs) + 1) * partMs + windowMs;
}

/** When a unit has room again: as soon as enough of the oldest parts count no more. */
function freeAt(parts: readonly BudgetRow[], unit: BudgetUnit, limit: number): number {
  let used = parts.reduce((sum, part) => sum + part[unit], 0);
  for (const part of parts.toSorted((a, b) => a.until - b.until)) {
    used -= part[unit];
    if (used < limit) return part.until;
  }
  return 0;
}

/** Looks at a budget, and counts a turn that may begin. @throws BridgeError CLAIM_LOST */
export function charge(
  context: TableContext,
  { ref, budget }: { ref: ClaimRef; budget: Budget },
): BudgetState {
  const { tables, clock } = context;
  const row = ownedTask(context, ref);
  const time = clock.steady();
  const { key, windowMs, limits } = budget;
  const parts = tables.budgets.parts(key, time);
  const used = parts.reduce(addedUse, none);
  const spentUnits = units.filter((unit) => {
    const limit = limits[unit];
    return limit !== null && used[unit] >= limit && !(unit === "turns" && row.isCharged);
  });
  const [usedUp = null] = spentUnits;
  if (usedUp !== null) {
    const ends = spentUnits.map((unit) => freeAt(parts, unit, limits[unit] ?? 0));
    return { used, usedUp, freeInMs: Math.max(...ends) - time };
  }
  if (row.isCharged) return { used, usedUp, freeInMs: 0 };
  const turn: BudgetUse = { ...none, turns: 1 };
  tables.budgets.tidy(time);
  tables.budgets.add({ key, until: partUntil(windowMs, time), ...turn });
  tables.tasks.update({ ...row, isCharged: true });
  return { used: addedUse(used, turn), usedUp, freeInMs: 0 };
}

/** Adds what an attempt has used to its budget. */
export function spend({ tables, clock }: TableContext, spent: Spent | undefined): void {
  if (spent === undefined) return;
  const { budget, tokens, workMs } = spent;
  const until = partUntil(budget.windowMs, clock.steady());
  tables.budgets.add({ key: budget.key, until, turns: 0, tokens, workMs });
}
