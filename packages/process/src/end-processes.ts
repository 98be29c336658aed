import { setTimeout } from "node:timers/promises";
import type { ProcessIdentity } from "./outcome.ts";
import type { ProcessTable } from "./process-table.ts";
import { findTree, type FoundProcess, type TreeRule } from "./process-tree.ts";

/** What SIGKILL is given until a process counts as a survivor. */
export const killMs = 1_500;

export interface EndOptions {
  readonly table: ProcessTable;
  readonly rule: TreeRule;
  /** Processes known to belong to the tree, by which it is found again after its links have broken. */
  readonly known?: readonly ProcessIdentity[];
  /** From SIGTERM to SIGKILL; 0 sends SIGKILL at once. */
  readonly graceMs: number;
  /** Aborted: ends after the signals already sent, without waiting for the rest. */
  readonly signal?: AbortSignal | undefined;
}

export interface EndReport {
  /** Everything that was found, ended or not. */
  readonly found: readonly FoundProcess[];
  readonly survivors: readonly FoundProcess[];
  readonly problem: string | null;
}

/**
 * Ends the processes that a rule finds, with their trees: SIGTERM, grace, then SIGKILL and another look, until a look
 * finds none or `killMs` have passed. Every process is checked for its start time right before each signal.
 */
export async function endProcesses(options: EndOptions): Promise<EndReport> {
  const search = new Search(options);
  let alive = await search.look();
  if (options.graceMs > 0 && alive.length > 0 && !isAborted(options.signal)) {
    alive = await signalAndWait(alive, { ...options, name: "SIGTERM", waitMs: options.graceMs });
    alive = await search.look();
  }
  const deadline = performance.now() + killMs;
  while (alive.length > 0 && !isAborted(options.signal)) {
    const waitMs = deadline - performance.now();
    if (waitMs <= 0) break;
    // A short wait and another look: a process may have been born between the look and the signal.
    await signalAndWait(alive, { ...options, name: "SIGKILL", waitMs: Math.min(waitMs, 200) });
    alive = await search.look();
  }
  return { found: search.found, survivors: alive, problem: search.problem };
}

/** Repeated looks for one tree; remembers what it has found, since the death of a parent cuts the links. */
class Search {
  readonly #options: EndOptions;
  readonly #found = new Map<string, FoundProcess>();
  readonly #known: Set<string>;
  problem: string | null = null;

  constructor(options: EndOptions) {
    this.#options = options;
    this.#known = new Set(options.known?.map(keyOf));
  }

  get found(): FoundProcess[] {
    return [...this.#found.values()];
  }

  /** @returns the processes of the tree that run now */
  async look(): Promise<FoundProcess[]> {
    const { table, rule } = this.#options;
    const snapshot = await table.snapshot();
    this.problem ??= snapshot.problem;
    const tree = findTree(snapshot, {
      ...rule,
      root: (entry) =>
        rule.root(entry, snapshot) ??
        this.#found.get(keyOf(entry))?.foundBy ??
        (this.#known.has(keyOf(entry)) ? "descendant" : undefined),
    });
    for (const entry of tree) this.#found.set(keyOf(entry), entry);
    return tree;
  }
}

function keyOf({ pid, startTime }: ProcessIdentity): string {
  return `${pid} ${startTime}`;
}

interface SignalOptions extends EndOptions {
  readonly name: "SIGTERM" | "SIGKILL";
  readonly waitMs: number;
}

/** @returns the processes that are alive after the wait */
async function signalAndWait(
  targets: FoundProcess[],
  { table, name, waitMs, signal }: SignalOptions,
): Promise<FoundProcess[]> {
  for (const target of targets) {
    if (table.isAlive(target)) sendSignal(target.pid, name);
  }
  const deadline = performance.now() + waitMs;
  let alive = targets.filter((target) => table.isAlive(target));
  for (
    let pauseMs = 5;
    alive.length > 0 && !isAborted(signal);
    pauseMs = Math.min(pauseMs * 2, 100)
  ) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) break;
    await setTimeout(Math.min(pauseMs, leftMs));
    alive = alive.filter((target) => table.isAlive(target));
  }
  return alive;
}

/** A process that is gone meanwhile, or not ours to end, shows in the next look. */
function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
