import type { Quotas } from "../contract/bridge.ts";
import type { Clock } from "../contract/clock.ts";

/** How many names are kept before those that are at rest are forgotten. */
const keptNames = 10_000;

/** How fast messages are taken, for each principal and channel: so many at once, and as many again in each window. */
export interface MessageRate {
  /** Takes one message. @returns 0, or the milliseconds until one may be taken; then none was */
  take(name: string): number;
  /** Counts messages that were taken already; more than there is room for go to the account of the next. */
  count(name: string, messages: number): void;
  /** Milliseconds until a message may be taken. */
  waitMs(name: string): number;
}

/**
 * Counts on the steady scale: a wall clock that jumps lets nobody in and keeps nobody out.
 *
 * @param quotas as they now are
 */
export function createMessageRate(
  clock: Clock,
  quotas: () => Pick<Quotas, "messages" | "windowMs">,
): MessageRate {
  const taken = new Map<string, { readonly count: number; readonly at: number }>();
  /** How many still count: they wear off evenly. */
  const counted = (name: string): number => {
    const { messages, windowMs } = quotas();
    const last = taken.get(name);
    if (last === undefined) return 0;
    return Math.max(0, last.count - ((clock.steady() - last.at) * messages) / windowMs);
  };
  const waitMs = (name: string): number => {
    const { messages, windowMs } = quotas();
    return Math.max(0, Math.ceil(((counted(name) + 1 - messages) * windowMs) / messages));
  };
  const count = (name: string, messages: number): void => {
    if (taken.size >= keptNames)
      for (const known of taken.keys()) if (counted(known) === 0) taken.delete(known);
    taken.set(name, { count: counted(name) + messages, at: clock.steady() });
  };
  return {
    waitMs,
    count,
    take: (name) => {
      const wait = waitMs(name);
      if (wait === 0) count(name, 1);
      return wait;
    },
  };
}
