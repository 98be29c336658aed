import type { Budget, BudgetState, BudgetUnit } from "../contract/budget.ts";
import { isBridgeError } from "../contract/errors.ts";
import type { RouteBudget } from "../contract/route.ts";
import type { Claim } from "../contract/work.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { pause } from "./loop.ts";
import { TurnMeter } from "./turn-meter.ts";
import { budgetText } from "./texts.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** Pauses between tries when the store refuses to count a turn. */
const retryMs = [100, 400, 1600];

/** Who has a budget of their own. */
function subjectOf({ per }: RouteBudget, { task }: Claim): string {
  if (per === "sender") return task.owner;
  return per === "conversation" ? (task.conversationId ?? task.id) : "";
}

/** The budget of a claimed task; undefined where its route has none. */
function budgetOf(claim: Claim): Budget | undefined {
  const { budget } = claim.rules;
  if (budget === undefined) return undefined;
  const { name, per, windowHours, turns = null, tokens = null, minutes } = budget;
  return {
    key: JSON.stringify([name, per, windowHours, subjectOf(budget, claim)]),
    windowMs: Math.ceil(windowHours * hourMs),
    limits: { turns, tokens, workMs: minutes === undefined ? null : minutes * minuteMs },
  };
}

/** What is used up, and when it is free again, for people. */
function usedUpText(
  engine: Engine,
  claim: Claim,
  of: { unit: BudgetUnit; freeInMs: number },
): string {
  const { budget } = claim.rules;
  if (budget === undefined) throw new TypeError("A task without a budget can not use it up.");
  const freeAt = engine.clock.now() + of.freeInMs;
  return budgetText(budget, { ...of, freeAt });
}

/** Counts the turn, or shows again how its budget stands; undefined when the claim was lost. */
async function charge(
  engine: Engine,
  attempt: Attempt,
  budget: Budget,
): Promise<BudgetState | undefined> {
  for (const retryInMs of [...retryMs, null]) {
    try {
      return await engine.store.work.charge(attempt.claim, budget);
    } catch (error) {
      if (isBridgeError(error, "CLAIM_LOST")) {
        attempt.stop({ type: "lost" });
        return undefined;
      }
      if (retryInMs === null) throw error;
      await pause(engine.clock, retryInMs, attempt.signal);
    }
  }
  return undefined;
}

/**
 * Lets a turn begin on its budget, which from here on is watched.
 *
 * @returns why it may not begin; undefined when it may, or the claim was lost
 */
export async function beginOnBudget(engine: Engine, attempt: Attempt): Promise<string | undefined> {
  const { claim } = attempt;
  const budget = budgetOf(claim);
  if (budget === undefined) return undefined;
  const state = await charge(engine, attempt, budget);
  if (state === undefined) return undefined;
  const { usedUp, freeInMs, used } = state;
  if (usedUp !== null) {
    const text = usedUpText(engine, claim, { unit: usedUp, freeInMs });
    const what = claim.begun ? "does not go on" : "was not started";
    return `(${claim.task.runner} ${what}: ${text})`;
  }
  attempt.meter = new TurnMeter(engine.clock, {
    budget,
    used,
    onOver: (unit) => attempt.stop({ type: "budget", unit }),
  });
  return undefined;
}

/** What is told of a turn that was ended because it went beyond its budget. What it had used is stored before. */
export async function endedOnBudget(
  engine: Engine,
  attempt: Attempt,
  unit: BudgetUnit,
): Promise<string> {
  const { claim } = attempt;
  const budget = budgetOf(claim);
  const state = budget === undefined ? undefined : await charge(engine, attempt, budget);
  const freeInMs = state?.freeInMs ?? 0;
  return `(${claim.task.runner} was ended: ${usedUpText(engine, claim, { unit, freeInMs })})`;
}
