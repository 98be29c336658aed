import { describeError } from "../contract/errors.ts";
import type { Runner, RunnerHealth } from "../contract/runner.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import { noteCheck } from "./runner-record.ts";

/** A check that takes longer tells nothing. */
const checkMs = 10_000;

/**
 * Looks whether a runner can work. Only a runner known to be unable is asked again before a turn; a check
 * that takes too long or fails says nothing, and never ends a turn that works.
 *
 * @returns null when nothing is known
 */
export async function checkHealth(
  engine: Engine,
  runner: Runner,
  signal: AbortSignal,
): Promise<RunnerHealth | null> {
  const known = engine.health.get(runner.name);
  if (known !== undefined && known?.ready !== false) return known;
  const bounds = { what: `The check of ${runner.name}`, signal, limitMs: checkMs };
  let health: RunnerHealth;
  try {
    const found = await boundedCall(engine.clock, bounds, async (own) => await runner.check(own));
    // It is shown, and a runner may quote its own settings.
    health = engine.redactor.data(found);
  } catch (error) {
    if (!signal.aborted) {
      const facts = { runner: runner.name, error: describeError(error) };
      engine.logger.warn("The check of a runner told nothing", facts);
      engine.health.set(runner.name, null);
    }
    return null;
  }
  engine.health.set(runner.name, health);
  noteCheck(engine, runner.name);
  const { version, path, problems } = health;
  const facts = { runner: runner.name, version, path, problems };
  if (health.ready) engine.logger.info("The runner is ready", facts);
  else engine.logger.warn("The runner can not work", facts);
  return health;
}
