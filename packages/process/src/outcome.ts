/** A process as nobody else can be: a recycled pid has another start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque text, unique for a pid over reboots. */
  readonly startTime: string;
}

/** How the child itself ended; both null while it is still there, or if it never was. */
export interface ChildExit {
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
}

/** What is known of the rest of the child's process tree. */
interface TreeEnd {
  /** Processes of the tree that outlived the child and were ended with it. */
  readonly endedCount: number;
  /** Processes of the tree that SIGKILL did not end; empty as a rule. */
  readonly survivors: readonly ProcessIdentity[];
  /** Why the tree could not be looked through (the process group was still ended); null as a rule. */
  readonly problem: string | null;
}

/** Why a process was ended from outside. */
export type StopCause =
  | {
      readonly type: "timed_out";
      readonly which: "start" | "idle" | "total";
      readonly limitMs: number;
    }
  | { readonly type: "aborted"; readonly reason: unknown }
  | { readonly type: "line_too_long"; readonly limitBytes: number }
  /** Reading stdout failed. */
  | { readonly type: "output_failed"; readonly code: string; readonly message: string };

/**
 * How a process ended; exactly one. What was seen first decides: a child whose exit was seen before the abort has
 * exited, one that answered the abort with exit code 0 was aborted.
 */
export type ProcessOutcome =
  | ({ readonly type: "exited"; readonly exitCode: number } & TreeEnd)
  | ({ readonly type: "signalled"; readonly signal: NodeJS.Signals } & TreeEnd)
  /** Nothing was started. `code` is the system's: ENOENT, EACCES, E2BIG, EMFILE… */
  | { readonly type: "spawn_failed"; readonly code: string; readonly message: string }
  | (StopCause &
      ChildExit &
      TreeEnd & {
        /** What `interrupt` rejected with, if it did. */
        readonly interruptError?: unknown;
      });

/** An outcome in one sentence for people: what happened, with the exit code as `exit=<n>` where there is one. */
export function describeOutcome(outcome: ProcessOutcome): string {
  const sentenceOf = sentences[outcome.type] as (outcome: ProcessOutcome) => string;
  const sentence = sentenceOf(outcome);
  if (outcome.type === "spawn_failed" || outcome.survivors.length === 0) return sentence;
  const pids = outcome.survivors.map((survivor) => survivor.pid).join(", ");
  return `${sentence} Still running: ${pids}.`;
}

const sentences: {
  readonly [Type in ProcessOutcome["type"]]: (
    outcome: Extract<ProcessOutcome, { type: Type }>,
  ) => string;
} = {
  exited: ({ exitCode }) => `The process ended (exit=${exitCode}).`,
  signalled: ({ signal }) => `The process was ended by ${signal}.`,
  spawn_failed: ({ message }) => message,
  timed_out: ({ which, limitMs }) => `The process was ended: ${timerTexts[which]} ${limitMs} ms.`,
  aborted: ({ reason }) => `The process was ended: ${reasonText(reason)}.`,
  line_too_long: ({ limitBytes }) =>
    `The process was ended: it wrote a line of more than ${limitBytes} bytes.`,
  output_failed: ({ code }) => `The process was ended: its output could not be read (${code}).`,
};

const timerTexts = {
  start: "it gave no sign of life within",
  idle: "it was silent for",
  total: "it ran longer than",
} as const;

function reasonText(reason: unknown): string {
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : "aborted";
}
