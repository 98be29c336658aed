import type { Clock } from "../contract/clock.ts";
import type { TurnLimits } from "../contract/runner.ts";
import type { Attempt } from "./attempt.ts";

/** The time limits of one turn. They end the attempt; the same for every runner. */
export interface TurnTimers extends Disposable {
  /** The runner gave a sign of life. */
  touch(): void;
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export function startTimers(clock: Clock, attempt: Attempt, limits: TurnLimits): TurnTimers {
  const { runner } = attempt.claim.task;
  const fail = (what: string): void =>
    attempt.stop({ type: "timeout", message: `(${runner} timed out: ${what})` });
  let lastSignAt = clock.steady();
  let idle: { stop(): void } | null = null;
  const watchIdle = (ms: number): void => {
    idle = clock.timer(ms, () => {
      // While a question is open, the agent waits for a person: the limit stands still.
      if (attempt.isWaiting) lastSignAt = clock.steady();
      const restMs = limits.idleMs - (clock.steady() - lastSignAt);
      if (restMs > 0) watchIdle(restMs);
      else fail(`no sign of life for ${seconds(limits.idleMs)}`);
    });
  };
  const start = clock.timer(limits.startMs, () =>
    fail(`it did not begin within ${seconds(limits.startMs)}`),
  );
  const total = clock.timer(limits.totalMs, () =>
    fail(`it was not done within ${seconds(limits.totalMs)}`),
  );
  watchIdle(limits.idleMs);
  return {
    touch: () => {
      start.stop();
      lastSignAt = clock.steady();
    },
    [Symbol.dispose]: () => {
      start.stop();
      total.stop();
      idle?.stop();
    },
  };
}
