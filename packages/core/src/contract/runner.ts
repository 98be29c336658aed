import type * as z from "zod";
import type { Attachment } from "./attachment.ts";
import type { EventData } from "./event.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Logger } from "./logger.ts";
import type { Answer, QuestionText } from "./question.ts";
import type { Usage } from "./task.ts";

/** What a runner can do; the conformance suite tests what is claimed. */
export interface RunnerCapabilities {
  /** Goes on in a stored session. */
  readonly resume: boolean;
  /** How it asks: inside the turn, by ending the turn, or never. */
  readonly questions: "live" | "suspended" | "none";
}

/** Something that a runner misses, for who can do more with it than show it. */
export interface RunnerFinding {
  readonly about: "program" | "sign_in" | "sandbox" | "settings";
  /** One of the problems. */
  readonly text: string;
  /** The one shell command that mends it; null where there is none for sure. */
  readonly mend: string | null;
}

/** Whether a runner can work, and which program it is. */
export interface RunnerHealth {
  readonly ready: boolean;
  /** The agent's own version and where it was found; null for one that is no program. */
  readonly version: string | null;
  readonly path: string | null;
  /**
   * What is missing, and what mends it. One that is ready may have some too: what only a part of the turns will
   * miss, such as a sandbox that can not work here.
   */
  readonly problems: readonly string[];
  /** The same problems in the same order, with what mends each; where it is not given they are as they stand. */
  readonly findings?: readonly RunnerFinding[];
}

/** The agent's memory of a conversation. `state` is the runner's own plain data, at most 10 MB. */
export interface Session {
  readonly id: string;
  readonly state: JsonObject;
}

/** Who sent the message, carried apart from its text: the text can not be trusted to say. */
export interface Provenance {
  readonly kind: string;
  readonly channel: string | null;
  readonly workspace: string;
  readonly sender: string | null;
}

/** One turn: what the runner is given. */
export interface Turn<O = unknown> {
  readonly taskId: string;
  readonly attempt: number;
  readonly prompt: string;
  /** Parsed by the runner's `options` schema. */
  readonly options: O;
  /** The session to go on in; null for a new one. */
  readonly session: Session | null;
  /** The answer that a suspended turn waited for, with the state it left. */
  readonly answered: { readonly answer: Answer; readonly state: Json } | null;
  readonly provenance: Provenance;
  /** What the sender named beside the text, where there is any: addresses that nobody has looked at. */
  readonly attachments?: readonly Attachment[];
}

/** A child process as it is stored, so that a later start can end it if it was left behind. */
export interface ProcessRecord {
  readonly pid: number;
  /** The kernel's start time of the process: with the pid it is unique, a recycled pid has another. */
  readonly startTime: string;
}

/** How the bridge's own MCP server, `agent-bridge mcp`, is started so that it serves one run. */
export interface BridgeServer {
  /** An absolute path. */
  readonly command: string;
  /** They name nothing secret. */
  readonly args: readonly string[];
  /** Holds a secret: it belongs into no other process's environment, and never into arguments. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a runner may call while it runs. Every method rejects with CLAIM_LOST when the attempt has lost its task. */
export interface TurnIo {
  /** Aborts on cancel, time-out, shutdown or a lost claim; the runner then ends soon, with nothing left behind. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** The text that marks every process of this run in its environment: state id, task, attempt. */
  readonly mark: { readonly stateId: string; readonly taskId: string; readonly attempt: number };
  /**
   * Stores that from here on the agent may have acted: awaited before anything with an effect begins
   * (a process is spawned, a tool is called). What was not announced is run as new after a crash.
   */
  begins(): Promise<void>;
  /** Stores the process just spawned. */
  spawned(process: ProcessRecord): Promise<void>;
  /**
   * Lets this run use the bridge itself: an MCP server that the agent is given. It is the run's own principal
   * there, reads its own task, sees besides only the tasks that it started, and starts what a route from `run`
   * allows. Good until the turn is over. Absent where the host offers no access.
   */
  access?(): BridgeServer;
  /**
   * Asks a live question and waits. Runners that suspend end with `suspended` instead.
   *
   * @returns the answer; "decline" when the deadline passed or nobody can be asked
   */
  ask(question: QuestionText): Promise<Answer>;
}

/** What a runner yields. It can not emit task events: those are the bridge's. */
export type RunnerEvent =
  /** First of all, and again whenever `state` has changed. */
  | { readonly type: "session"; readonly session: Session }
  | ({ readonly type: "thinking" } & EventData["turn.thinking"])
  /** Deltas are provisional: the whole message (`delta: false`) replaces those since the last whole one. */
  | ({ readonly type: "text" } & EventData["turn.text"])
  | ({ readonly type: "tool_call" } & EventData["turn.tool_call"])
  | ({ readonly type: "tool_result" } & EventData["turn.tool_result"])
  | ({ readonly type: "file_change" } & EventData["turn.file_change"])
  | ({ readonly type: "plan" } & EventData["turn.plan"])
  /** This turn's total so far: replaces, does not add. */
  | ({ readonly type: "usage" } & Usage)
  | ({ readonly type: "notice" } & EventData["turn.notice"])
  /** 0 to 1. */
  | { readonly type: "progress"; readonly value: number }
  | RunnerEnd;

/** How a turn ended: exactly one, last. */
export type RunnerEnd = { readonly type: "end" } &
  /** `attachments`: what goes with the answer, at most 16 and 16 KiB as JSON; what is beyond or malformed is left out, visibly. */
  (
    | {
        readonly outcome: "completed";
        readonly output: string;
        readonly attachments?: readonly Attachment[];
      }
    | {
        readonly outcome: "failed";
        readonly message: string;
        readonly exitCode?: number;
        /** True where the same turn may succeed if run again and nothing has been done yet. */
        readonly retryable?: boolean;
      }
    /** The given session no longer exists; nothing was done. The bridge runs the turn once more without it. */
    | { readonly outcome: "session_gone"; readonly message: string }
    /** The signal aborted the turn. */
    | { readonly outcome: "aborted" }
    /** The turn waits for an answer and holds nothing meanwhile; `state` comes back in `Turn.answered`. */
    | { readonly outcome: "suspended"; readonly question: QuestionText; readonly state: Json }
  );

/** The time limits of a turn, in milliseconds; kept by the bridge, the same for all runners. */
export interface TurnLimits {
  /** Until the first event. */
  readonly startMs: number;
  /** Between two events; stands still while a question is open. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** Between the abort and giving the runner up. */
  readonly graceMs: number;
}

/** The text of a tool, as it is shown to other agents. */
export interface ToolText {
  /** ASCII, at most 24 characters. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/**
 * Two tools by which agents know a runner, beside those of the bridge: `start` begins a conversation with a
 * prompt and the runner's caller options, `reply` goes on in it.
 */
export interface ToolPair {
  readonly start: ToolText;
  readonly reply: ToolText;
}

/** What a caller may ask of one task. The options of the route are the bounds: a caller can only narrow them. */
export interface CallerOptions<O = unknown> {
  /** Unknown keys must be refused. */
  readonly schema: z.ZodObject;
  /**
   * Narrows a route's options. Pure but for looking at the file system.
   *
   * @returns the options as a route would have them, or why the route does not permit what is asked
   */
  within(
    options: O,
    asked: JsonObject,
  ): { readonly options: JsonObject } | { readonly refused: string };
}

/**
 * What an agent may do in a turn: what its sandbox allows, not what it is told. A runner that can not be sure says
 * the most that may be.
 */
export interface RunnerAuthority {
  /** Absolute paths, each with all below it; `"*"`: whatever the bridge's user may. */
  readonly reads: readonly string[] | "*";
  readonly writes: readonly string[] | "*";
  /** True where it may open connections, also to sockets of its own machine. */
  readonly network: boolean;
  /** What may be more than stands here, and through what; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * An agent adapter.
 *
 * Invariants, checked by the conformance suite: the session event comes first; every tool call has one
 * tool result (open ones are closed as `cancelled`); a notice never ends a turn; exactly one end, last;
 * `run` does not throw, it ends; after the end nothing that it started is left.
 */
export interface Runner<O = unknown> {
  readonly name: string;
  readonly capabilities: RunnerCapabilities;
  /** `machine`: a session can only be resumed where it was made. */
  readonly sessionScope: "machine" | "anywhere";
  /** The route options that this runner takes; unknown keys must be refused. */
  readonly options: z.ZodType<O>;
  /** What a caller may ask of one task; without it nothing. */
  readonly callerOptions?: CallerOptions<O>;
  /** The tools that it is known by; each name only once in a bridge. */
  readonly toolPair?: ToolPair;
  /** Time limits that differ from the bridge's, for this turn; the route's own `turn` comes before them. */
  limits?(options: O): Partial<TurnLimits>;
  /**
   * Looks at what the options name on this machine, such as a folder that has to be there. Called when routes are
   * loaded: a few looks at files at most, no process, no network. Never throws.
   *
   * @returns what is wrong, each with the option that it is about
   */
  checkOptions?(options: O): readonly { readonly option: string; readonly detail: string }[];
  /** What an agent may do in a turn with these options, for people to judge. Asks nobody and never throws. */
  authority?(options: O): RunnerAuthority;
  /** Looks whether the runner can work; at most a few seconds. Never throws: problems are in the result. */
  check(signal: AbortSignal): Promise<RunnerHealth>;
  run(turn: Turn<O>, io: TurnIo): AsyncIterable<RunnerEvent>;
  dispose?(): Promise<void>;
}

/** Declares a runner. Only types the data; nothing happens. */
export function defineRunner<O>(runner: Runner<O>): Runner<O> {
  return runner;
}
