import { describeError } from "../contract/errors.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { createWake } from "./wake.ts";

/**
 * Renews the leases of running attempts at a third of their time, and ends an attempt whose lease could
 * not be renewed for two thirds of it: another worker may take the task when the last third is over. A
 * renewal that hangs counts like one that failed. A process that slept through its leases asks first: who
 * still holds the task goes on.
 */
export async function keepLeases(
  engine: Engine,
  attempts: () => Iterable<Attempt>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, store, logger } = engine;
  let isRenewing = false;
  let failures = 0;

  const renew = async (mine: readonly Attempt[], leaseMs: number): Promise<void> => {
    const askedAt = clock.steady();
    isRenewing = true;
    try {
      const news = await store.work.renew(
        mine.map(({ claim }) => claim),
        leaseMs,
      );
      failures = 0;
      for (const [index, attempt] of mine.entries()) {
        const item = news[index];
        if (item === undefined) continue;
        if (item.held) attempt.heldAt = askedAt;
        attempt.take(item);
      }
    } catch (error) {
      failures++;
      const level = failures === 1 ? "error" : "debug";
      logger[level]("The leases could not be renewed", { error: describeError(error) });
    } finally {
      isRenewing = false;
    }
  };

  const beat = createWake(clock);
  while (!signal.aborted) {
    const { leaseMs } = engine.limits;
    await beat.wait(leaseMs / 6, signal);
    const now = clock.steady();
    const due = [...attempts()].filter(
      ({ heldAt, stopped }) => stopped?.type !== "lost" && now - heldAt >= leaseMs / 3,
    );
    if (due.length === 0) failures = 0;
    // Only what was tried in vain counts: a process that was paused has not tried yet.
    if (isRenewing || failures > 0) {
      for (const attempt of due)
        if (now - attempt.heldAt >= (leaseMs * 2) / 3) attempt.stop({ type: "lost" });
    }
    if (due.length > 0 && !isRenewing && !signal.aborted) void renew(due, leaseMs);
  }
}
