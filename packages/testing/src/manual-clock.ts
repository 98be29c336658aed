import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "@agent-bridge/core";

/** A clock that stands still until its test moves it. */
export interface ManualClock extends Clock {
  /**
   * Passes so much time on both scales. What falls due calls back in its order and at its time; the event
   * loop turns in between, so that what follows from a callback may set timers that fall due as well.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, and it alone, forward or back. */
  jump(ms: number): void;
  /** How many sleeps and timers have neither ended nor been stopped. */
  readonly waiting: number;
}

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** How often the event loop turns before a clock looks again for what falls due. */
const turns = 8;

async function settle(): Promise<void> {
  for (let count = 0; count < turns; count++) await turn();
}

/** Makes a clock that begins at this time. */
export function manualClock(startAt: number = Date.UTC(2030, 0, 1)): ManualClock {
  let time = startAt;
  let jumped = 0;
  const alarms = new Set<Alarm>();
  const set = (ms: number, ring: () => void): { stop(): void } => {
    const alarm = { at: time + Math.max(0, ms), ring };
    alarms.add(alarm);
    return { stop: () => void alarms.delete(alarm) };
  };
  const nextUntil = (end: number): Alarm | undefined => {
    let next: Alarm | undefined;
    for (const alarm of alarms)
      if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm;
    return next;
  };
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal?.reason);
    const alarm = set(ms, resolve);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      alarm.stop();
      signal?.removeEventListener("abort", onAbort);
    }
  };
  return {
    now: () => time + jumped,
    steady: () => time,
    sleep,
    timer: set,
    advance: async (ms) => {
      const end = time + ms;
      await settle();
      for (let next = nextUntil(end); next !== undefined; next = nextUntil(end)) {
        alarms.delete(next);
        time = Math.max(time, next.at);
        next.ring();
        await settle();
      }
      time = end;
    },
    jump: (ms) => {
      jumped += ms;
    },
    get waiting() {
      return alarms.size;
    },
  };
}
