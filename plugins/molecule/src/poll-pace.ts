import type { Clock } from "@agent-bridge/core";

/** The pause between two polls, and how long after traffic the short one is kept, in milliseconds. */
const pauseMs = { busy: 1_000, idle: 5_000 } as const;
const busyForMs = 60_000;

/** When the next poll of an inbox is due: every second for a minute after traffic, else every five. */
export interface PollPace {
  /** Messages came in, or a reply went out. */
  traffic(): void;
  /** A poll was answered that began at `beganAt`, a time of the steady clock. */
  polled(beganAt: number): void;
  /** A poll failed: how long to pause is the caller's to say. */
  failed(): void;
  /** Milliseconds until the next poll; 0 or less when it is due. */
  dueMs(): number;
}

/** Creates a pace by which the first poll is due at once. */
export function pollPace(clock: Clock): PollPace {
  let lastTrafficAt = -Infinity;
  let lastPollAt = -Infinity;
  return {
    traffic: () => {
      lastTrafficAt = clock.steady();
    },
    polled: (beganAt) => {
      lastPollAt = beganAt;
    },
    failed: () => {
      lastPollAt = -Infinity;
    },
    dueMs: () => {
      const now = clock.steady();
      return lastPollAt + (now - lastTrafficAt < busyForMs ? pauseMs.busy : pauseMs.idle) - now;
    },
  };
}
