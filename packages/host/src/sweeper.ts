import type { Logger, ProcessSweeper } from "@agent-bridge/core";
import { findMarked, sweep, type RecordedProcess, type SweepResult } from "@agent-bridge/process";

/** No process carries it: a sweep under it ends only what it is given. */
const nobody = "none";

/** How often to look again for what a process started while it was being ended. */
const maxRounds = 5;

/** Sweeps the processes of a state folder. */
export function stateSweeper(stateId: string, logger: Logger): ProcessSweeper {
  const report = ({ problem }: { readonly problem: string | null }): void => {
    if (problem !== null) logger.warn("Processes may have been overlooked", { problem });
  };
  return {
    sweep: async ({ recorded, only, signal }) => {
      const result =
        only === undefined
          ? await sweep({ stateId, recorded, signal })
          : await sweepAttempt({ stateId, recorded, only, signal });
      report(result);
      const { found, survivors } = result;
      return { ended: found.length - survivors.length, survivors: survivors.map(({ pid }) => pid) };
    },
  };
}

/**
 * Ends what carries the mark of one attempt, or is recorded for it, with the trees of both. Other
 * attempts of this state may run meanwhile and are not touched, which is why nothing goes by state here.
 */
async function sweepAttempt(request: {
  readonly stateId: string;
  readonly recorded: readonly RecordedProcess[];
  readonly only: { readonly taskId: string; readonly attempt: number };
  readonly signal: AbortSignal;
}): Promise<SweepResult> {
  const { stateId, only, signal } = request;
  const isOfAttempt = (of: { readonly taskId: string; readonly attempt: number }): boolean =>
    of.taskId === only.taskId && of.attempt === only.attempt;
  const seen = new Map<number, SweepResult["found"][number]>();
  let recorded = request.recorded.filter(isOfAttempt);
  let last: SweepResult = { found: [], survivors: [], problem: null, isAborted: false };
  for (let round = 0; round < maxRounds && !signal.aborted; round++) {
    const { processes, problem } = await findMarked({ stateId });
    const marked = processes.filter(({ mark }) => mark !== undefined && isOfAttempt(mark));
    if (round > 0 && marked.length === 0) break;
    const roots = [
      ...recorded,
      ...marked.map(({ pid, startTime }) => ({ pid, startTime, ...only })),
    ];
    // The attempt had its grace; a second one would make a cancel take more than its 6 s.
    const result = await sweep({ stateId: nobody, recorded: roots, graceMs: 0, signal });
    last = { ...result, problem: result.problem ?? problem };
    for (const process of last.found) seen.set(process.pid, process);
    if (last.survivors.length > 0) break;
    recorded = [];
  }
  return { ...last, found: [...seen.values()] };
}
