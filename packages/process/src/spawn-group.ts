import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { ProcessOptions } from "./running-process.ts";

/** Why the system did not start a program. */
export interface SpawnFailure {
  /** The system's name of the error, as `ENOENT`. */
  readonly code: string;
  readonly message: string;
}

/** A child that leads a process group of its own. */
export interface ProcessGroup {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Signals every process of the group; one that is gone needs none. */
  signal(name: NodeJS.Signals): void;
}

/** The groups that still run: they are ended with this process, should it exit in order. */
const running = new Set<ProcessGroup>();

function endAll(): void {
  for (const group of running) group.signal("SIGTERM");
}

/** Starts a program as the leader of a process group, with exactly this environment and no shell. */
export function spawnGroup(
  { command, args = [], cwd, stdin }: ProcessOptions,
  env: Readonly<Record<string, string>>,
): ProcessGroup | Promise<SpawnFailure> {
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdio: [stdin === "closed" ? "ignore" : "pipe", "pipe", "pipe"],
      detached: true,
    });
  } catch (error) {
    // Some failures are thrown, as too many arguments; the usual ones come as an event.
    return Promise.resolve(failureOf(error));
  }
  const { pid } = child;
  if (pid === undefined) return once(child, "error").then(([error]) => failureOf(error));
  const group = { child, pid, signal: (name: NodeJS.Signals) => signalGroup(pid, name) };
  if (running.size === 0) process.on("exit", endAll);
  running.add(group);
  child.once("exit", () => {
    running.delete(group);
    if (running.size === 0) process.off("exit", endAll);
  });
  return group;
}

function failureOf(error: unknown): SpawnFailure {
  const { code = "UNKNOWN", message = code } = error as Partial<SpawnFailure>;
  return { code, message };
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // ESRCH: the group is gone. EPERM: what is left of it belongs to another user; the tree's end reports it.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
