import type { Limits } from "../contract/bridge.ts";
import type { JsonObject } from "../contract/json.ts";
import type { Runner, TurnLimits } from "../contract/runner.ts";

/**
 * The time limits of a turn: the bridge's, with what the runner wants otherwise.
 *
 * @throws what the runner throws
 */
export function turnLimits(limits: Limits, runner: Runner, options: JsonObject): TurnLimits {
  const parsed = runner.options.safeParse(options);
  return { ...limits.turn, ...(parsed.success ? runner.limits?.(parsed.data) : {}) };
}
