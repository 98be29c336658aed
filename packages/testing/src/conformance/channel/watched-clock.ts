import { systemClock } from "@agent-bridge/core";
import type { Clock } from "@agent-bridge/core";

/** A clock that counts what waits on it. */
export interface WatchedClock extends Clock {
  /** The sleeps and timers that have neither ended nor been stopped. */
  waiting(): number;
}

/**
 * The system's clock, running `speed` times as fast for the steady scale, sleeps and timers: what a channel
 * does every few seconds happens in a test within milliseconds.
 */
export function watchedClock(speed = 1): WatchedClock {
  const real = systemClock();
  const origin = real.steady();
  let waiting = 0;
  return {
    now: () => real.now(),
    steady: () => origin + (real.steady() - origin) * speed,
    sleep: async (ms, signal) => {
      waiting++;
      try {
        await real.sleep(ms / speed, signal);
      } finally {
        waiting--;
      }
    },
    timer: (ms, callback) => {
      waiting++;
      let isOver = false;
      const end = (): void => {
        if (!isOver) waiting--;
        isOver = true;
      };
      const timer = real.timer(ms / speed, () => {
        end();
        callback();
      });
      return {
        stop: () => {
          end();
          timer.stop();
        },
      };
    },
    waiting: () => waiting,
  };
}
