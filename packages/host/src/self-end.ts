import { describeError, type Clock, type Logger } from "@agent-bridge/core";
import type { ExclusiveLock } from "./exclusive-lock.ts";

/**
 * Why a daemon is to stop: a person or program asked for it; nobody needs it any more; or another
 * daemon can take its place, because the file of one of its locks was removed or replaced.
 */
export type StopCause = "asked" | "idle" | "lock_lost";

/** How often it is looked whether the locks are whole, in milliseconds. */
const lockLookMs = 1_000;

/** How often, within the time of idleness, it is looked whether anything goes on. */
const idleLooks = 15;

/** What a daemon looks at to end by itself. */
export interface SelfEndWatch {
  readonly locks: readonly ExclusiveLock[];
  /** How long nothing may go on before it ends, in milliseconds; null: it stays. */
  readonly idleMs: number | null;
  /** Whether anything went on since the last look: a caller, a channel, an open task, a reply on its way. */
  isBusy(): Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Looks until there is a reason to end. Rejects with the signal's reason. */
export async function untilSelfEnd(watch: SelfEndWatch): Promise<StopCause> {
  const stopLooking = new AbortController();
  const signal = AbortSignal.any([watch.signal, stopLooking.signal]);
  const own = { ...watch, signal };
  const looks = [untilLockLost(own)];
  if (watch.idleMs !== null) looks.push(untilIdle({ ...own, idleMs: watch.idleMs }));
  try {
    return await Promise.race(looks);
  } finally {
    stopLooking.abort();
    await Promise.allSettled(looks);
  }
}

async function untilLockLost({ locks, clock, logger, signal }: SelfEndWatch): Promise<StopCause> {
  for (;;) {
    const lost = locks.find((lock) => !lock.isHeld());
    if (lost === undefined) {
      await clock.sleep(lockLookMs, signal);
      continue;
    }
    const text =
      "The file of a lock was removed or replaced: the daemon ends, so that no other works beside it";
    logger.error(text, { path: lost.path });
    return "lock_lost";
  }
}

async function untilIdle(watch: SelfEndWatch & { readonly idleMs: number }): Promise<StopCause> {
  const { idleMs, clock, logger, signal } = watch;
  let busyAt = clock.steady();
  for (;;) {
    await clock.sleep(Math.max(1, Math.round(idleMs / idleLooks)), signal);
    if (await isBusy(watch)) busyAt = clock.steady();
    else if (clock.steady() - busyAt >= idleMs) {
      logger.info("Nothing goes on any more: the daemon ends", { idleMs });
      return "idle";
    }
  }
}

/** A daemon that can not tell whether it is needed stays. */
async function isBusy(watch: SelfEndWatch): Promise<boolean> {
  try {
    return await watch.isBusy();
  } catch (error) {
    watch.logger.warn("It can not be told whether the daemon is idle", {
      error: describeError(error),
    });
    return true;
  }
}
