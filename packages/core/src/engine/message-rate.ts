import type { Quotas } from "../contract/bridge.ts";
import type { Clock } from "../contract/clock.ts";

/** How many names are kept before those that are at rest are forgotten. */
const keptNames = 10_000;

/** How fast messages are taken, for each principal and channel: so many at once, and as many again in each window. */
export interface MessageRate {
  /** Takes one message. @returns 0, or the milliseconds until one may be taken; then none was */
  take(name: string): number;
  /** Counts messages that were taken already; more than there are go to the account of the next. */
  count(name: string, messages: number): void;
  /** Milliseconds until a message may be taken. */
  waitMs(name: string): number;
}

/** Counts on the steady scale: a wall clock that jumps lets nobody in and keeps nobody out. */
export function createMessageRate(
  clock: Clock,
  { messages: most, windowMs }: Pick<Quotas, "messages" | "windowMs">,
): MessageRate {
  const left = new Map<string, { readonly count: number; readonly at: number }>();
  const msEach = windowMs / most;
  const now = (name: string): number => {
    const last = left.get(name);
    return last === undefined
      ? most
      : Math.min(most, last.count + (clock.steady() - last.at) / msEach);
  };
  const waitMs = (name: string): number => Math.max(0, Math.ceil((1 - now(name)) * msEach));
  const count = (name: string, messages: number): void => {
    const rest = now(name) - messages;
    if (left.size >= keptNames)
      for (const known of left.keys()) if (now(known) >= most) left.delete(known);
    left.set(name, { count: rest, at: clock.steady() });
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
