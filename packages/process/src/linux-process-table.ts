import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { markVariable } from "./process-mark.ts";
import type { ProcessEntry, ProcessTable } from "./process-table.ts";

/** Processes are read in portions, so that a machine with thousands of them does not stop the event loop. */
const portionCount = 64;

/** The processes under `/proc`. */
export const linuxProcessTable: ProcessTable = {
  async snapshot() {
    const processes = new Map<number, ProcessEntry>();
    try {
      const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
      for (const [index, pid] of pids.entries()) {
        if (index % portionCount === portionCount - 1) await setImmediate();
        const entry = readEntry(Number(pid));
        if (entry !== undefined) processes.set(entry.pid, entry);
      }
      return { processes, problem: null };
    } catch (error) {
      return { processes, problem: `/proc could not be read: ${String(error)}` };
    }
  },

  startTimeOf(pid) {
    try {
      return readStat(pid)?.startTime;
    } catch {
      // As promised; most likely this process has no file handle left (EMFILE).
      return undefined;
    }
  },

  isAlive({ pid, startTime }) {
    try {
      const stat = readStat(pid);
      return stat?.startTime === startTime && !stat.hasEnded;
    } catch {
      return true;
    }
  },
};

function readEntry(pid: number): ProcessEntry | undefined {
  const stat = readStat(pid);
  if (stat === undefined || stat.hasEnded) return undefined;
  const { startTime, parentPid, groupId } = stat;
  return { pid, startTime, parentPid, groupId, markText: readMarkText(pid) };
}

interface Stat {
  readonly parentPid: number;
  readonly groupId: number;
  readonly startTime: string;
  /** A zombie: gone but for its exit code. */
  readonly hasEnded: boolean;
}

/** Reads `/proc/<pid>/stat` (proc_pid_stat(5)). */
function readStat(pid: number): Stat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`)?.toString("latin1");
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold any character, parentheses too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parentPid, groupId] = fields;
  const threadCount = Number(fields[20 - 3]);
  const startTicks = fields[22 - 3];
  if (startTicks === undefined) return undefined;
  return {
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    startTime: `${bootId()}/${startTicks}`,
    // A process whose first thread has ended looks the same while its other threads run on.
    hasEnded: (state === "Z" || state === "X") && threadCount <= 1,
  };
}

const markEntry = `${markVariable}=`;

function readMarkText(pid: number): string | undefined {
  const text = readIfThere(`/proc/${pid}/environ`)?.toString("latin1");
  if (text === undefined) return undefined;
  const at = text.startsWith(markEntry) ? 0 : text.indexOf(`\0${markEntry}`) + 1;
  if (at === 0 && !text.startsWith(markEntry)) return undefined;
  const end = text.indexOf("\0", at);
  return text.slice(at + markEntry.length, end === -1 ? undefined : end);
}

/** A process may end between two looks (ENOENT, ESRCH), and another user's environment is not ours to read (EACCES, EPERM). */
const expectedCodes = new Set<unknown>(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (expectedCodes.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

let knownBootId: string | undefined;

/** Start ticks count from the boot, so only with its id they are unique over reboots. */
function bootId(): string {
  knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return knownBootId;
}
