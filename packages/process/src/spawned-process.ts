import type { ChildProcess } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { ActivityTimers } from "./activity-timers.ts";
import { ByteTail } from "./byte-tail.ts";
import { endProcesses, type EndReport } from "./end-processes.ts";
import type { ChildExit, ProcessIdentity, ProcessOutcome, StopCause } from "./outcome.ts";
import { OutputLines } from "./output-lines.ts";
import { ProcessInput } from "./process-input.ts";
import type { ResolvedLimits } from "./process-limits.ts";
import type { ProcessEntry, ProcessSnapshot } from "./process-table.ts";
import { processTable } from "./system-process-table.ts";
import { findTree, type FoundBy, type TreeRule } from "./process-tree.ts";
import type { ProcessOptions, RunningProcess, WriteResult } from "./running-process.ts";

/**
 * How long the output may go on after the child's exit, since another process may hold the pipe open for ever: the
 * two times are a second together, and only the second is given to a process that was, or now is, stopped.
 */
const drainMs = 800;
const stoppedDrainMs = 200;
/** What processes that outlive the child get between SIGTERM and SIGKILL. */
const leftoverGraceMs = 500;

/** What a spawn gives: the process as Node has it, and a way to signal its whole group. */
export interface Spawn {
  readonly child: ChildProcess;
  readonly pid: number;
  signalGroup(name: NodeJS.Signals): void;
}

/** A child that was started, from its spawn to the end of its tree. */
export class SpawnedProcess implements RunningProcess {
  readonly pid: number;
  readonly identity: ProcessIdentity | undefined;
  readonly lines: OutputLines;
  readonly exit: Promise<ProcessOutcome>;
  readonly #options: ProcessOptions;
  readonly #limits: ResolvedLimits;
  readonly #markText: string | undefined;
  readonly #spawn: Spawn;
  readonly #input: ProcessInput;
  readonly #stderr: ByteTail;
  readonly #timers: ActivityTimers;
  readonly #exited = Promise.withResolvers<void>();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #stderrEnded = Promise.withResolvers<void>();
  #childExit: ChildExit = { exitCode: null, exitSignal: null };
  #hasExited = false;
  #cause: StopCause | undefined;
  #interruptError: { readonly interruptError: unknown } | undefined;
  #stall: Disposable | undefined;

  constructor(spawn: Spawn, options: ProcessOptions, settings: SpawnSettings) {
    this.#spawn = spawn;
    this.#options = options;
    this.#limits = settings.limits;
    this.#markText = settings.markText;
    this.pid = spawn.pid;
    // Its exit has not been collected yet, so the pid is still its own, even if it has ended.
    const startTime = processTable.startTimeOf(spawn.pid);
    this.identity = startTime === undefined ? undefined : { pid: spawn.pid, startTime };
    this.#input = new ProcessInput(spawn.child.stdin);
    this.#stderr = new ByteTail(settings.limits.stderrBytes);
    this.#timers = new ActivityTimers(settings.limits, (which, limitMs) =>
      this.#stop({ type: "timed_out", which, limitMs }),
    );
    this.lines = this.#readStdout();
    this.#readStderr();
    spawn.child.once("exit", (exitCode, exitSignal) => {
      this.#childExit = { exitCode, exitSignal };
      this.#hasExited = true;
      this.#exited.resolve();
    });
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.exit = this.#supervise();
  }

  get stderrTail(): string {
    return this.#stderr.text;
  }

  writeLine(line: string): Promise<WriteResult> {
    return this.#input.writeLine(line);
  }

  closeStdin(): void {
    this.#input.close();
  }

  started(): void {
    this.#timers.started();
  }

  touch(): void {
    this.#timers.touch();
  }

  holdIdle(): Disposable {
    return this.#timers.holdIdle();
  }

  stop(reason?: unknown): Promise<ProcessOutcome> {
    this.#stop({ type: "aborted", reason });
    return this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("disposed");
  }

  readonly #onAbort = (): void => {
    this.#stop({ type: "aborted", reason: this.#options.signal?.reason });
  };

  /** Only the first cause counts, and none after the exit; then it merely shortens the drain. */
  #stop(cause: StopCause): void {
    if (this.#cause === undefined && !this.#hasExited) this.#cause = cause;
    this.#stopping.resolve();
  }

  async #supervise(): Promise<ProcessOutcome> {
    await Promise.race([this.#exited.promise, this.#stopping.promise]);
    this.#timers.end();
    const known = this.#cause === undefined ? [] : await this.#shutDown();
    if (this.#cause === undefined) await this.#drain();
    const report = await this.#endTree(known);
    if (this.#cause !== undefined) await this.#drain();
    this.#release();
    return this.#outcomeOf(report);
  }

  /**
   * Asks the child to go: interrupt, SIGTERM, grace.
   *
   * @returns the tree as it was before, since the child's death cuts the links to its descendants
   */
  async #shutDown(): Promise<readonly ProcessIdentity[]> {
    const snapshot = processTable.snapshot();
    await this.#interrupt();
    const known = findTree(await snapshot, this.#treeRule);
    if (!this.#hasExited) {
      this.#spawn.signalGroup("SIGTERM");
      await this.#waitForExit(this.#limits.graceMs);
    }
    return known;
  }

  async #interrupt(): Promise<void> {
    const { interrupt } = this.#options;
    if (interrupt === undefined || this.#hasExited) return;
    const window = new AbortController();
    const asked = (async () => interrupt(window.signal))().catch((error: unknown) => {
      this.#interruptError ??= { interruptError: error };
    });
    await within(this.#limits.interruptMs, Promise.race([asked, this.#exited.promise]));
    window.abort();
  }

  async #endTree(known: readonly ProcessIdentity[]): Promise<EndReport> {
    // A child that ignored SIGTERM has had its grace; what only outlived its parent gets one of its own.
    const isForced = !this.#hasExited;
    const report = await endProcesses({
      table: processTable,
      rule: this.#treeRule,
      known,
      graceMs: isForced ? 0 : leftoverGraceMs,
    });
    if (report.problem !== null) this.#spawn.signalGroup("SIGKILL");
    if (isForced) await this.#waitForExit(stoppedDrainMs);
    return report;
  }

  readonly #treeRule: TreeRule = {
    root: (entry: ProcessEntry, { processes }: ProcessSnapshot): FoundBy | undefined => {
      if (this.#markText !== undefined && entry.markText === this.#markText) return "mark";
      if (entry.groupId !== this.pid) return undefined;
      // The pid may have been given to another process, which now leads a group of this number.
      const leader = processes.get(this.pid);
      const isOurs = leader === undefined || leader.startTime === this.identity?.startTime;
      return isOurs || this.identity === undefined ? "group" : undefined;
    },
  };

  /** Lets the output come to its end, and cuts it where it does not. */
  async #drain(): Promise<void> {
    this.lines.drain();
    const ended = Promise.all([this.lines.ended, this.#stderrEnded.promise]);
    if (this.#cause === undefined) {
      await within(drainMs, Promise.race([ended, this.#stopping.promise]));
    }
    await within(stoppedDrainMs, ended);
    this.lines.cut();
  }

  #waitForExit(waitMs: number): Promise<void> {
    return within(waitMs, this.#exited.promise);
  }

  #release(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#input.destroy();
    this.#spawn.child.stderr?.destroy();
    if (!this.#hasExited) this.#spawn.child.unref();
  }

  #outcomeOf({ found, survivors, problem }: EndReport): ProcessOutcome {
    const others = found.filter(({ pid }) => pid !== this.pid).length;
    const otherSurvivors = survivors.filter(({ pid }) => pid !== this.pid).length;
    const tree = {
      endedCount: others - otherSurvivors,
      survivors: survivors.map(({ pid, startTime }) => ({ pid, startTime })),
      problem,
    };
    if (this.#cause !== undefined) {
      return { ...this.#cause, ...this.#childExit, ...tree, ...this.#interruptError };
    }
    const { exitCode, exitSignal } = this.#childExit;
    return exitSignal === null
      ? { type: "exited", exitCode: exitCode ?? 0, ...tree }
      : { type: "signalled", signal: exitSignal, ...tree };
  }

  #readStdout(): OutputLines {
    const { stdout } = this.#spawn.child;
    if (stdout === null) throw new TypeError("The child was spawned without a pipe for stdout.");
    const limitBytes = this.#limits.lineBytes;
    return new OutputLines(stdout, limitBytes, {
      onLine: () => {
        this.#timers.started();
        this.#timers.touch();
      },
      onTooLong: () => this.#stop({ type: "line_too_long", limitBytes }),
      onError: ({ code = "UNKNOWN", message }) =>
        this.#stop({ type: "output_failed", code, message }),
      onStalled: (isStalled) => {
        this.#stall?.[Symbol.dispose]();
        this.#stall = isStalled ? this.#timers.holdIdle() : undefined;
      },
    });
  }

  #readStderr(): void {
    const { stderr } = this.#spawn.child;
    stderr?.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    // A failed read ends the tail where it is; "close" follows every end of a stream.
    stderr?.on("error", () => {});
    stderr?.once("close", () => this.#stderrEnded.resolve());
  }
}

export interface SpawnSettings {
  readonly limits: ResolvedLimits;
  readonly markText: string | undefined;
}

/** Waits for a promise, at most `waitMs`; leaves no timer behind. */
async function within(waitMs: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const elapsed = setTimeout(waitMs, undefined, { signal: timer.signal }).catch(() => {
    // Aborted below, once the promise was first.
  });
  await Promise.race([promise, elapsed]);
  timer.abort();
}
