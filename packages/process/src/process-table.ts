import type { ProcessIdentity } from "./outcome.ts";

/** A process as it was when the table was read. Ended ones that wait for their parent are not in the table. */
export interface ProcessEntry extends ProcessIdentity {
  readonly parentPid: number;
  readonly groupId: number;
  /** The text of the mark it was started with; `undefined` if it has none or may not be read. */
  readonly markText: string | undefined;
}

/** All processes at one moment, by pid. */
export interface ProcessSnapshot {
  readonly processes: ReadonlyMap<number, ProcessEntry>;
  /** Why the table is not complete; null when it is. */
  readonly problem: string | null;
}

/** The system's processes. */
export interface ProcessTable {
  /** Reads all processes. Never rejects: what went wrong is in the snapshot. */
  snapshot(): Promise<ProcessSnapshot>;
  /**
   * The start time of a process, also of one that has ended and waits for its parent; `undefined` if there is none,
   * or it can not be read. Never throws.
   */
  startTimeOf(pid: number): string | undefined;
  /** Whether this very process still runs. Cheap, for repeated asking; never throws, errs towards yes. */
  isAlive(identity: ProcessIdentity): boolean;
}
