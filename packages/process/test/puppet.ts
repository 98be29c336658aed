import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  findMarked,
  startProcess,
  type ProcessIdentity,
  type ProcessMark,
  type ProcessOptions,
  type RunningProcess,
} from "@agent-bridge/process";
import { expect } from "vitest";

export const puppetPath = fileURLToPath(new URL("fixtures/puppet.mjs", import.meta.url));
export const keeperPath = fileURLToPath(new URL("fixtures/keeper.mjs", import.meta.url));
export const innerSweeperPath = fileURLToPath(
  new URL("fixtures/inner-sweeper.mjs", import.meta.url),
);

/** A state of its own, so that test files that run side by side do not see each other's processes. */
export function newStateId(): string {
  return `test-${randomUUID()}`;
}

let runCount = 0;

export function newMark(stateId: string): ProcessMark {
  runCount += 1;
  return { stateId, taskId: `task-${runCount}`, attempt: 1 };
}

export interface PuppetOptions extends Partial<ProcessOptions> {
  readonly mark: ProcessMark;
}

/** Starts a child that does what the verbs say (see `fixtures/puppet.mjs`). */
export function startPuppet(verbs: readonly string[], options: PuppetOptions): RunningProcess {
  const command = process.execPath;
  return startProcess({ command, args: [puppetPath, ...verbs], env: {}, ...options });
}

export async function allLines(running: RunningProcess): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of running.lines) lines.push(line);
  return lines;
}

/** Reads one line and leaves the rest. */
export async function nextLine(running: RunningProcess): Promise<string> {
  for await (const line of running.lines) return line;
  throw new Error(`No line came: ${running.stderrTail}`);
}

/** Reads `count` lines of `say-pid` and gives the pids. */
export async function readPids(running: RunningProcess, count: number): Promise<number[]> {
  const pids: number[] = [];
  while (pids.length < count) pids.push(Number((await nextLine(running)).split(" ")[1]));
  return pids;
}

/** The identity of a child that was spawned. */
export function identityOf({ identity }: RunningProcess): ProcessIdentity {
  if (identity === undefined) throw new Error("Nothing was spawned.");
  return identity;
}

export async function expectNoneLeft(stateId: string): Promise<void> {
  expect(await findMarked({ stateId })).toEqual({ processes: [], problem: null });
}

/** Asked of `/proc` itself and not of the code under test. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
