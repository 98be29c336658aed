import { type Clock, systemClock } from "@agent-bridge/core";

/** What time it is for a transaction. */
export interface Time {
  /** For what people read. */
  readonly now: number;
  /** For leases and deadlines. */
  readonly steady: number;
}

/** The clock that the rules see, and the time that it shows: it stands still while they run. */
export interface StoreTime {
  readonly clock: Clock;
  time: Time;
}

/**
 * The store's time is the database's, the same for every node. It never goes back, also when the clock of
 * the database's machine is set back: it then stands still. A clock that is given instead is for tests.
 */
export function storeTime(): StoreTime {
  const shown: StoreTime = {
    time: { now: 0, steady: 0 },
    clock: {
      ...systemClock(),
      now: () => shown.time.now,
      steady: () => shown.time.steady,
    },
  };
  return shown;
}

/** The time of a transaction, by what the database said, or by a clock that was given. */
export function timeBy(clock: Clock | undefined, database: { time: number; noted: number }): Time {
  if (clock !== undefined) return { now: clock.now(), steady: clock.steady() };
  return { now: database.time, steady: Math.max(database.time, database.noted) };
}
