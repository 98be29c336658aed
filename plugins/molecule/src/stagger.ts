import type { Clock } from "@agent-bridge/core";

/** The longest time between the starts of two neighbours, and the time over which all are spread, in milliseconds. */
const apartMs = 500;
const spreadMs = 5_000;

/**
 * How long a channel waits before it asks its platform for the first time: each a little after the one before.
 * Polls and heartbeats keep their distance from then on, so many workspaces are no burst.
 *
 * @param place of the channel among `count`, from 0
 */
export function startDelayMs(place: number, count: number): number {
  return Math.floor(place * Math.min(apartMs, spreadMs / count));
}

/** Waits for a channel's start, at most until `endAt` on the steady scale. @returns whether it has come */
export type StartGate = (endAt: number, signal: AbortSignal) => Promise<boolean>;

/** Creates a gate that opens so long after it was first waited at. */
export function startGate(clock: Clock, delayMs: number): StartGate {
  let startAt: number | undefined;
  return async (endAt, signal) => {
    startAt ??= clock.steady() + delayMs;
    const leftMs = Math.min(startAt, endAt) - clock.steady();
    if (leftMs > 0) await clock.sleep(leftMs, signal);
    return clock.steady() >= startAt;
  };
}
