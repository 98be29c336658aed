import type { ProcessEntry, ProcessSnapshot } from "./process-table.ts";

/** How a process was recognised: by its mark, by a stored record, by its process group, or as a descendant. */
export type FoundBy = "mark" | "record" | "group" | "descendant";

export interface FoundProcess extends ProcessEntry {
  readonly foundBy: FoundBy;
}

/** Which processes a tree begins with, and which are left alone with all below them. */
export interface TreeRule {
  root(entry: ProcessEntry, snapshot: ProcessSnapshot): FoundBy | undefined;
  isKept?(entry: ProcessEntry): boolean;
}

/**
 * Finds the roots in a snapshot and all their descendants, roots first. Never among them: this process, its
 * ancestors and init; descendants are not looked for below those or below kept ones.
 */
export function findTree(snapshot: ProcessSnapshot, rule: TreeRule): FoundProcess[] {
  const untouchable = ownLine(snapshot);
  const isTouchable = (entry: ProcessEntry): boolean =>
    !untouchable.has(entry.pid) && rule.isKept?.(entry) !== true;
  const found = new Map<number, FoundProcess>();
  for (const entry of snapshot.processes.values()) {
    const foundBy = rule.root(entry, snapshot);
    if (foundBy !== undefined && isTouchable(entry)) found.set(entry.pid, { ...entry, foundBy });
  }
  const children = Map.groupBy(snapshot.processes.values(), (entry) => entry.parentPid);
  // A Map's iteration reaches what is added during it, so this walks the tree to its leaves.
  for (const pid of found.keys()) {
    for (const child of children.get(pid) ?? []) {
      if (!found.has(child.pid) && isTouchable(child)) {
        found.set(child.pid, { ...child, foundBy: "descendant" });
      }
    }
  }
  return [...found.values()];
}

/** This process, its ancestors, and init. */
function ownLine({ processes }: ProcessSnapshot): Set<number> {
  const line = new Set([0, 1, process.pid, process.ppid]);
  let pid = process.pid;
  // Ends at init, whose parent is 0, or at a parent outside of this pid namespace.
  for (let entry = processes.get(pid); entry !== undefined; entry = processes.get(pid)) {
    pid = entry.parentPid;
    if (line.has(pid) && pid !== process.ppid) break;
    line.add(pid);
  }
  return line;
}
