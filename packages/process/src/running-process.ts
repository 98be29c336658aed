import type { ProcessIdentity, ProcessOutcome } from "./outcome.ts";
import type { ProcessLimits } from "./process-limits.ts";
import type { ProcessMark } from "./process-mark.ts";

export interface ProcessOptions {
  /** A path, or a name that is looked up in the PATH of `env`. Never a shell's command line. */
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the child (see `allowedEnvironment`); nothing of this process's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Added to the environment, so that every process of the tree is found, whatever group or session it moves to.
   * One process carries a mark at a time: the end of one ends all that carry it.
   */
  readonly mark?: ProcessMark;
  /** "pipe" by default; "closed" gives the child an empty input. */
  readonly stdin?: "pipe" | "closed";
  readonly limits?: ProcessLimits;
  /** Ends the process with outcome `aborted`. Aborted already: nothing is spawned. */
  readonly signal?: AbortSignal;
  /**
   * A politer word than SIGTERM, said first whenever the process is ended from outside: SIGTERM follows when its
   * promise settles, or after `limits.interruptMs`, when the signal it was given aborts.
   */
  readonly interrupt?: (signal: AbortSignal) => void | Promise<void>;
}

/** What became of a line for stdin. `code` is the system's (EPIPE), or CLOSED when either side had closed it before. */
export type WriteResult =
  | { readonly written: true }
  | { readonly written: false; readonly code: string };

/** A child process with everything that came of it. */
export interface RunningProcess extends AsyncDisposable {
  /** `undefined` where nothing was spawned; `exit` says why. */
  readonly pid: number | undefined;
  /**
   * Of the child: stored, it lets a later start end what a crash left behind. `undefined` where nothing was spawned,
   * or the system would not tell the start time (out of file handles); the mark remains.
   */
  readonly identity: ProcessIdentity | undefined;
  /**
   * The lines of stdout, without their line ends; the last one may lack its own. Ends when the child's output has
   * ended, at most a second after its exit even if another process holds the pipe open.
   *
   * One reader at a time; a reader that leaves early leaves the rest to the next one. While nobody reads, the child
   * is stopped by its full pipe after some 200 KiB: read to the end, or end the process.
   */
  readonly lines: AsyncIterable<string>;
  /** The end of stderr, at most `limits.stderrBytes`, cut at a character. */
  readonly stderrTail: string;
  /** Resolves once, when the child is gone, its output taken in and its tree ended. Never rejects. */
  readonly exit: Promise<ProcessOutcome>;
  /**
   * Writes a line to stdin, adding the line end. Resolves when the system has taken it, so a caller that waits is
   * slowed down to what the child reads; still waiting when the process ends, it resolves as not written. Never
   * rejects.
   */
  writeLine(line: string): Promise<WriteResult>;
  /** Ends stdin after what was written. May be repeated. */
  closeStdin(): void;
  /** Ends the start timer without a line, for a child that shows its readiness otherwise. */
  started(): void;
  /** Resets the idle timer without a line. */
  touch(): void;
  /** Lets the idle timer stand still until the returned hold and all others are disposed; it then begins anew. */
  holdIdle(): Disposable;
  /**
   * Ends the process as its signal would. Repeated, or after the end, it changes nothing.
   *
   * @returns the outcome, within six seconds under the default limits
   */
  stop(reason?: unknown): Promise<ProcessOutcome>;
}
