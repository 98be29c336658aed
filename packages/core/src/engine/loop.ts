import type { Clock } from "../contract/clock.ts";
import { describeError } from "../contract/errors.ts";
import type { Logger } from "../contract/logger.ts";
import { backoffMs } from "./backoff.ts";

/** What every part of the engine shares while it runs. */
export interface LoopContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Runs a step for ever, until the signal aborts. A step that throws is logged, once for a row of
 * failures, and tried again after a growing pause.
 */
export async function repeat(
  name: string,
  context: LoopContext,
  step: () => Promise<void>,
): Promise<void> {
  const { clock, logger, signal } = context;
  for (let failures = 0; !signal.aborted;) {
    try {
      await step();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      const pauseMs = backoffMs(failures);
      logger[failures === 1 ? "error" : "debug"](`${name} failed; trying again`, {
        pauseMs,
        error: describeError(error),
      });
      await pause(clock, pauseMs, signal);
    }
  }
}

/** Sleeps unless the signal aborts; an abort just ends the sleep. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
