import { expect, test } from "vitest";
import type { ProcessEntry, ProcessSnapshot } from "../src/process-table.ts";
import { findTree } from "../src/process-tree.ts";

function snapshot(
  parents: Readonly<Record<number, number>>,
  marked: readonly number[],
): ProcessSnapshot {
  const entries = Object.entries(parents).map(([pid, parentPid]): [number, ProcessEntry] => [
    Number(pid),
    {
      pid: Number(pid),
      parentPid,
      groupId: Number(pid),
      startTime: `t${pid}`,
      markText: marked.includes(Number(pid)) ? "m" : undefined,
    },
  ]);
  return { processes: new Map(entries), problem: null };
}

const rule = {
  root: ({ markText }: ProcessEntry) => (markText === "m" ? ("mark" as const) : undefined),
};

const self = process.pid;
// Pids that no process of this test has.
const [a, b, c, d, e, f] = [10_000_001, 10_000_002, 10_000_003, 10_000_004, 10_000_005, 10_000_006];

function pidsOf(
  parents: Readonly<Record<number, number>>,
  marked: readonly number[],
  isKept?: number,
) {
  const keep = isKept === undefined ? {} : { isKept: ({ pid }: ProcessEntry) => pid === isKept };
  const found = findTree(snapshot(parents, marked), { ...rule, ...keep });
  return found.map(({ pid, foundBy }) => [pid, foundBy]);
}

test("a root is found with all its descendants, each once", () => {
  expect(pidsOf({ [a]: 1, [b]: a, [c]: b, [d]: c, [e]: 1 }, [a, c])).toEqual([
    [a, "mark"],
    [c, "mark"],
    [b, "descendant"],
    [d, "descendant"],
  ]);
});

test("this process, its ancestors and what only hangs on them are spared, marked or not", () => {
  const parents = { 1: 0, [a]: 1, [b]: a, [self]: b, [c]: self, [d]: a, [e]: c };
  expect(pidsOf(parents, [1, a, b, self])).toEqual([]);
  expect(pidsOf(parents, [a, b, self, d, c])).toEqual([
    [c, "mark"],
    [d, "mark"],
    [e, "descendant"],
  ]);
});

test("a kept process is spared with all below it", () => {
  expect(pidsOf({ [a]: 1, [b]: a, [c]: b, [d]: a }, [a, b], b)).toEqual([
    [a, "mark"],
    [d, "descendant"],
  ]);
});

test("a table that was read while it changed, with a circle in it, still comes to an end", () => {
  expect(pidsOf({ [a]: b, [b]: a, [self]: f, [f]: self }, [a])).toEqual([
    [a, "mark"],
    [b, "descendant"],
  ]);
});
