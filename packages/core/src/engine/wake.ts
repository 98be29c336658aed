import type { Clock } from "../contract/clock.ts";

/** A bell that one loop listens to. Rings are hints: whoever waits looks again, at the latest after its time-out. */
export interface Wake {
  readonly ring: () => void;
  /** Resolves at the next ring (at once if it rang since the last wait), after `ms` unless that is null, or on abort; never rejects. */
  readonly wait: (ms: number | null, signal?: AbortSignal) => Promise<void>;
}

export function createWake(clock: Clock): Wake {
  let rung = false;
  let awaken: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      awaken?.();
    },
    wait: async (ms, signal) => {
      if (!rung && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = ms === null ? undefined : clock.timer(ms, done);
          function done(): void {
            timer?.stop();
            signal?.removeEventListener("abort", done);
            awaken = undefined;
            resolve();
          }
          awaken = done;
          signal?.addEventListener("abort", done, { once: true });
        });
      }
      rung = false;
    },
  };
}
