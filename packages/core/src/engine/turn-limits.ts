import type { Limits } from "../contract/bridge.ts";
import type { TaskRules } from "../contract/route.ts";
import type { Runner, TurnLimits } from "../contract/runner.ts";

/**
 * The time limits of a turn: what its route says, else what the runner wants, else the bridge's.
 *
 * @throws what the runner throws
 */
export function turnLimits(
  limits: Limits,
  runner: Runner,
  { options, turn }: Pick<TaskRules, "options" | "turn">,
): TurnLimits {
  const parsed = runner.options.safeParse(options);
  return { ...limits.turn, ...(parsed.success ? runner.limits?.(parsed.data) : {}), ...turn };
}
