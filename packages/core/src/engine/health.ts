import type { Runner, RunnerHealth } from "../contract/runner.ts";
import type { Engine } from "./engine.ts";

/** A check that takes longer tells nothing. */
const checkMs = 10_000;

/**
 * Looks whether a runner can work. Only a runner known to be unable is asked again before a turn; a check
 * that takes too long says nothing, and never ends a turn that works.
 *
 * @returns null when nothing is known
 */
export async function checkHealth(
  engine: Engine,
  runner: Runner,
  signal: AbortSignal,
): Promise<RunnerHealth | null> {
  const known = engine.health.get(runner.name);
  if (known?.ready === true) return known;
  const limit = new AbortController();
  const timer = engine.clock.timer(checkMs, () =>
    limit.abort(new Error("The check took too long.")),
  );
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const either = AbortSignal.any([signal, limit.signal]);
  either.addEventListener("abort", () => resolve(null), { once: true });
  try {
    const health = either.aborted ? null : await Promise.race([runner.check(either), over]);
    if (health === null) return null;
    engine.health.set(runner.name, health);
    const facts = {
      runner: runner.name,
      version: health.version,
      path: health.path,
      problems: health.problems,
    };
    engine.logger[health.ready ? "info" : "warn"](
      health.ready ? "The runner is ready" : "The runner can not work",
      facts,
    );
    return health;
  } finally {
    timer.stop();
  }
}
