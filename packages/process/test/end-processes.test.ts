import { afterEach, expect, test, vi } from "vitest";
import { endProcesses } from "../src/end-processes.ts";
import type { ProcessEntry, ProcessTable } from "../src/process-table.ts";

afterEach(() => void vi.restoreAllMocks());

function entry(pid: number): ProcessEntry {
  return { pid, parentPid: 1, groupId: pid, startTime: `t${pid}`, markText: "m" };
}

/** A table that shows one list of processes after the other; the last one stays. */
function tableOf(
  lists: readonly (readonly number[])[],
  isAlive: ProcessTable["isAlive"],
): ProcessTable {
  let at = 0;
  return {
    snapshot: () => {
      const pids = lists[Math.min(at, lists.length - 1)] ?? [];
      at += 1;
      const processes = new Map(pids.map((pid) => [pid, entry(pid)]));
      return Promise.resolve({ processes, problem: null });
    },
    startTimeOf: (pid) => `t${pid}`,
    isAlive,
  };
}

const rule = {
  root: ({ markText }: ProcessEntry) => (markText === "m" ? ("mark" as const) : undefined),
};

// Pids that no process has.
const [first, second] = [10_000_001, 10_000_002];

test("a process that SIGKILL does not end is a survivor after two seconds at most", async () => {
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const startedAt = performance.now();
  const table = tableOf([[first]], () => true);
  const { survivors } = await endProcesses({ table, rule, graceMs: 20 });
  expect(survivors).toEqual([{ ...entry(first), foundBy: "mark" }]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(kill.mock.calls[0]).toEqual([first, "SIGTERM"]);
  expect(kill.mock.calls.at(-1)).toEqual([first, "SIGKILL"]);
});

test("a process born after the first look is ended by the next", async () => {
  const killed: unknown[] = [];
  vi.spyOn(process, "kill").mockImplementation((pid) => {
    killed.push(pid);
    return true;
  });
  const table = tableOf([[first], [second], []], ({ pid }) => !killed.includes(pid));
  const report = await endProcesses({ table, rule, graceMs: 0 });
  expect(killed).toEqual([first, second]);
  expect(report.found.map(({ pid }) => pid)).toEqual([first, second]);
  expect(report.survivors).toEqual([]);
});

test("a pid that was recycled between the look and the signal gets no signal", async () => {
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const table = tableOf([[first], []], () => false);
  await endProcesses({ table, rule, graceMs: 20 });
  expect(kill).not.toHaveBeenCalled();
});

test("a process that may not be ended is a survivor, not an exception", async () => {
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
  });
  const table = tableOf([[first]], () => true);
  const { survivors } = await endProcesses({ table, rule, graceMs: 0 });
  expect(survivors.map(({ pid }) => pid)).toEqual([first]);
});

test("what keeps the table from being read is told", async () => {
  const table: ProcessTable = {
    snapshot: () => Promise.resolve({ processes: new Map(), problem: "no ps" }),
    startTimeOf: () => undefined,
    isAlive: () => false,
  };
  const report = await endProcesses({ table, rule, graceMs: 20 });
  expect(report).toEqual({ found: [], survivors: [], problem: "no ps" });
});
