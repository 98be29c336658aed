import { endProcesses } from "./end-processes.ts";
import type { ProcessIdentity } from "./outcome.ts";
import { formatMark, parseMark, type ProcessMark } from "./process-mark.ts";
import type { ProcessEntry } from "./process-table.ts";
import { processTable } from "./system-process-table.ts";
import type { FoundBy, FoundProcess } from "./process-tree.ts";

/** A child as it was stored at its spawn. */
export interface RecordedProcess extends ProcessIdentity {
  readonly taskId: string;
  readonly attempt: number;
}

export interface SweepOptions {
  /** Whose processes: only those that carry this state's mark, and those of `recorded`. */
  readonly stateId: string;
  /** Texts of marks (`formatMark`) of runs that go on; their processes are left alone. */
  readonly keep?: ReadonlySet<string>;
  /** Ended also without a readable mark, if pid and start time are those of the record. */
  readonly recorded?: readonly RecordedProcess[];
  /** From SIGTERM to SIGKILL. 1,000 by default. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

export interface SweptProcess extends ProcessIdentity {
  /** Its own mark; `undefined` if it was found otherwise and has none that can be read. */
  readonly mark: ProcessMark | undefined;
  readonly foundBy: FoundBy;
}

export interface SweepResult {
  readonly found: readonly SweptProcess[];
  /** Those of `found` that still run. */
  readonly survivors: readonly SweptProcess[];
  /** Why there may be more than was found; null when the whole table was read. */
  readonly problem: string | null;
  /** Whether the signal aborted before everything was ended. */
  readonly isAborted: boolean;
}

/**
 * Ends what earlier runs of a state have left behind, with the whole tree of each: SIGTERM, grace, SIGKILL. Never ends
 * this process or one of its ancestors, even if they carry the mark. Never rejects for what the system refuses: that
 * is in the result. Takes at most the grace and two seconds.
 *
 * @throws TypeError when an id can not be part of a mark
 */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { stateId, keep, recorded = [], graceMs = 1_000, signal } = options;
  const records = new Map(
    recorded
      .filter(({ taskId, attempt }) => !keep?.has(formatMark({ stateId, taskId, attempt })))
      .map((record) => [record.pid, record]),
  );
  const rule = {
    root: (entry: ProcessEntry): FoundBy | undefined => {
      if (isMarked(entry, stateId)) return "mark";
      return records.get(entry.pid)?.startTime === entry.startTime ? "record" : undefined;
    },
    isKept: ({ markText }: ProcessEntry) => markText !== undefined && keep?.has(markText) === true,
  };
  const { found, survivors, problem } = await endProcesses({
    table: processTable,
    rule,
    graceMs,
    signal,
  });
  return {
    found: found.map(asSwept),
    survivors: survivors.map(asSwept),
    problem,
    isAborted: survivors.length > 0 && signal?.aborted === true,
  };
}

/** The processes that carry a state's mark now; touches nothing. `problem` as in `SweepResult`. */
export async function findMarked({ stateId }: { readonly stateId: string }): Promise<{
  readonly processes: readonly SweptProcess[];
  readonly problem: string | null;
}> {
  const { processes, problem } = await processTable.snapshot();
  const marked = [...processes.values()].filter((entry) => isMarked(entry, stateId));
  return { processes: marked.map((entry) => asSwept({ ...entry, foundBy: "mark" })), problem };
}

function isMarked({ markText }: ProcessEntry, stateId: string): boolean {
  return markText !== undefined && parseMark(markText)?.stateId === stateId;
}

function asSwept({ pid, startTime, markText, foundBy }: FoundProcess): SweptProcess {
  return {
    pid,
    startTime,
    mark: markText === undefined ? undefined : parseMark(markText),
    foundBy,
  };
}
