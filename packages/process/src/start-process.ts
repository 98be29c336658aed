import { statSync } from "node:fs";
import type { ProcessOutcome } from "./outcome.ts";
import { resolveLimits } from "./process-limits.ts";
import { formatMark, markVariable } from "./process-mark.ts";
import type { ProcessOptions, RunningProcess } from "./running-process.ts";
import { spawnGroup, type SpawnFailure } from "./spawn-group.ts";
import { SpawnedProcess } from "./spawned-process.ts";

/** Marks that a process of ours carries now. */
const marksInUse = new Set<string>();

/**
 * Starts a program in a process group of its own, without a shell, with exactly the given environment. What becomes of
 * it, a failed start included, is the handle's `exit`; disposing the handle ends the process with its whole tree.
 *
 * @throws TypeError when a limit or the mark is not valid, or another process that still runs carries the mark
 */
export function startProcess(options: ProcessOptions): RunningProcess {
  const limits = resolveLimits(options.limits);
  const markText = options.mark && formatMark(options.mark);
  if (markText !== undefined && marksInUse.has(markText)) {
    throw new TypeError(`A process with the mark ${markText} is still running.`);
  }
  if (options.signal?.aborted === true) {
    return neverStarted(Promise.resolve(abortedBeforeSpawn(options.signal.reason)));
  }
  if (hasNul(options)) {
    return neverStarted(
      Promise.resolve(failedSpawn(options, { code: "EINVAL", message: "EINVAL" })),
    );
  }
  const mark = markText === undefined ? {} : { [markVariable]: markText };
  const group = spawnGroup(options, { ...options.env, ...mark });
  if (group instanceof Promise) {
    return neverStarted(group.then((failure) => failedSpawn(options, failure)));
  }
  if (markText !== undefined) marksInUse.add(markText);
  const { pid, child } = group;
  const started = new SpawnedProcess(
    { pid, child, signalGroup: (name) => group.signal(name) },
    options,
    { limits, markText },
  );
  if (markText !== undefined) void started.exit.then(() => marksInUse.delete(markText));
  return started;
}

function abortedBeforeSpawn(reason: unknown): ProcessOutcome {
  const tree = { endedCount: 0, survivors: [], problem: null };
  return { type: "aborted", reason, exitCode: null, exitSignal: null, ...tree };
}

function failedSpawn(
  { command, cwd }: ProcessOptions,
  { code, message: said }: SpawnFailure,
): ProcessOutcome {
  if (cwd !== undefined && folderCodes.has(code) && !isFolder(cwd)) {
    return {
      type: "spawn_failed",
      code,
      message: `There is no folder ${cwd} to work in (${code}).`,
    };
  }
  const message = spawnTexts[code] ?? `could not be started: ${said}`;
  return { type: "spawn_failed", code, message: `The command ${command} ${message}` };
}

/** With these the system says that the command or the working folder is not there, not which of them. */
const folderCodes = new Set(["ENOENT", "ENOTDIR"]);

/** The usual reasons in words. */
const spawnTexts: Readonly<Record<string, string>> = {
  ENOENT: "was not found (ENOENT).",
  EACCES: "may not be executed (EACCES).",
  EINVAL: "was given a text with a NUL character (EINVAL).",
  E2BIG: "was given too many or too long arguments (E2BIG).",
};

/** The system ends every one of these texts at a NUL, so one inside would silently cut it. */
function hasNul({ command, args = [], cwd = "", env }: ProcessOptions): boolean {
  return [command, cwd, ...args, ...Object.entries(env).flat()].some((text) => text.includes("\0"));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The handle of a process that never was. */
function neverStarted(exit: Promise<ProcessOutcome>): RunningProcess {
  return {
    pid: undefined,
    identity: undefined,
    lines: noLines,
    stderrTail: "",
    exit,
    writeLine: () => Promise.resolve({ written: false, code: "CLOSED" }),
    closeStdin: () => {},
    started: () => {},
    touch: () => {},
    holdIdle: () => ({ [Symbol.dispose]: () => {} }),
    stop: () => exit,
    [Symbol.asyncDispose]: async () => void (await exit),
  };
}

const noLines: AsyncIterable<string> = {
  [Symbol.asyncIterator]: () => ({
    next: () => Promise.resolve({ done: true, value: undefined }),
  }),
};
