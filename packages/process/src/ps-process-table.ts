import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { markVariable } from "./process-mark.ts";
import type { ProcessEntry, ProcessTable } from "./process-table.ts";

const columns = "pid=,ppid=,pgid=,stat=,lstart=,command=";

/** `-E` shows environments on macOS; elsewhere the same wish is spelled `e` without a dash. */
const listArguments =
  process.platform === "darwin" ? ["-axEww", "-o", columns] : ["axeww", "-o", columns];

/** The C locale, so that `lstart` reads the same everywhere. */
const options = {
  env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
  timeout: 3_000,
  maxBuffer: 64 * 1024 * 1024,
};

const run = promisify(execFile);

/**
 * The processes that `ps` shows: for systems without `/proc`. Best effort: start times are exact to a second, and
 * macOS hides the environment of its own protected programs. Untested on macOS.
 */
export const psProcessTable: ProcessTable = {
  async snapshot() {
    try {
      const { stdout } = await run("ps", listArguments, options);
      return { processes: parseProcesses(stdout), problem: null };
    } catch (error) {
      return { processes: new Map(), problem: `ps could not list the processes: ${String(error)}` };
    }
  },

  startTimeOf(pid) {
    const { stdout } = spawnSync("ps", ["-o", columns, "-p", String(pid)], {
      ...options,
      encoding: "utf8",
    });
    return parseProcesses(stdout ?? "").get(pid)?.startTime;
  },

  isAlive({ pid }) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
};

const linePattern =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+\d\d:\d\d:\d\d\s+\d{4})(?:\s(.*))?$/;
const markPattern = new RegExp(`(?:^|\\s)${markVariable}=(\\S+)`);

/** Reads what `ps` prints for the columns above. */
export function parseProcesses(text: string): Map<number, ProcessEntry> {
  const processes = new Map<number, ProcessEntry>();
  for (const line of text.split("\n")) {
    const [, pid, parentPid, groupId, state, started, command] = linePattern.exec(line) ?? [];
    if (started === undefined || state === undefined || state.startsWith("Z")) continue;
    processes.set(Number(pid), {
      pid: Number(pid),
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      startTime: started.replaceAll(/\s+/g, " "),
      markText: markPattern.exec(command ?? "")?.[1],
    });
  }
  return processes;
}
