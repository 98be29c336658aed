import { randomBytes } from "node:crypto";
import type { Clock, Random } from "../contract/clock.ts";

/** The longest time that a timer of Node takes; a longer one would fire at once. */
const longestMs = 2 ** 31 - 1;

/**
 * The machine's own clock. The only file of this package that may touch timers and the wall clock.
 */
export function systemClock(): Clock {
  const origin = Date.now() - performance.now();
  return {
    now: () => Date.now(),
    steady: () => origin + performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const timer = setTimeout(
          () => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
          },
          Math.min(ms, longestMs),
        );
        const onAbort = (): void => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    timer: (ms, callback) => {
      const timer = setTimeout(callback, Math.min(ms, longestMs));
      return { stop: () => clearTimeout(timer) };
    },
  };
}

/** The machine's own source of random bytes. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
