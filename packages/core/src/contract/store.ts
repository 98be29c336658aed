import type { Intake } from "./intake.ts";
import type { Log } from "./log.ts";
import type { Outbox } from "./outbox.ts";
import type { Queries } from "./queries.ts";
import type { Retention } from "./retention.ts";
import type { Work, WorkerId } from "./work.ts";

/**
 * Persistence. Seven small interfaces over one log and one set of tasks.
 *
 * For all of them: a promise that resolves means that the change is durable (`durable` stores: it
 * survives power loss). One call is one transaction, all or nothing; where a call takes a list, each
 * element stands or fails by its own conditions and the result tells which. Concurrent calls may share
 * a commit. Time is the store's own: leases, deadlines and delays are on the clock's steady scale, what
 * people read is the wall clock. Failures outside the contract throw BridgeError STORE_FULL, STORE_FAILED
 * or STORE_CLOSED; after one of them nothing of the call was done. Only a store behind a network, whose server
 * is gone in the middle of a commit and does not come back, may fail with STORE_FAILED what was done. What is given is copied when the call is
 * made, and what is returned is the caller's. A limit outside of its range counts as the nearest one in it.
 * No method runs a callback inside a transaction: conditions are data.
 */
export interface Store extends AsyncDisposable {
  /** Names this store in cursors: lower-case letters and digits, made when the store is made, never changed. */
  readonly id: string;
  /** False for a store whose contents end with the process. */
  readonly durable: boolean;
  readonly intake: Intake;
  readonly work: Work;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly leases: Leases;
  readonly queries: Queries;
  readonly retention: Retention;
}

/** Named leases: who polls an inbox, who sweeps. */
export interface Leases {
  /** Takes a lease that nobody holds or whose time has run out. @returns true when it is now this worker's, also if it was before */
  acquire(name: string, worker: WorkerId, leaseMs: number): Promise<boolean>;
  /** Renews, whatever its age. @returns false when it was lost meanwhile: taken by another, released or forfeited */
  renew(name: string, worker: WorkerId, leaseMs: number): Promise<boolean>;
  /** Gives it up; another's is left alone. */
  release(name: string, worker: WorkerId): Promise<void>;
}
