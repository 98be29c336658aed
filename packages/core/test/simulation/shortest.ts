import { type Plan, type Played, simulate } from "./simulation.ts";
import { faults } from "./weather.ts";

/** How much may be done; the least is tried first. */
const fewer = [1, 2, 3, 5, 8, 12, 17, 23, 30, 38] as const;

/**
 * Looks for a shorter play that breaks the same promise: with less that goes wrong, and less that is done. The
 * plan that it gives plays it again.
 */
export async function shortest(failed: Played): Promise<Played> {
  let best = failed;
  const isBetter = async (plan: Plan): Promise<boolean> => {
    const played = await simulate(plan);
    if (played.violation?.promise !== failed.violation?.promise) return false;
    if (played.counts.steps > best.counts.steps) return false;
    best = played;
    return true;
  };
  for (const fault of faults)
    await isBetter({ ...best.plan, without: [...(best.plan.without ?? []), fault] });
  for (const actions of fewer) if (await isBetter({ ...best.plan, actions })) break;
  return best;
}
