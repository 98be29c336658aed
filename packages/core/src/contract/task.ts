import type { Attachment } from "./attachment.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Owner } from "./principal.ts";

/** Where a task stands. */
export type TaskStatus = "pending" | "running" | "input_required" | "completed" | "failed";

/** The statuses that each status may change to. A status with none is final. */
export const transitions = {
  pending: ["running", "failed"],
  running: ["input_required", "completed", "failed"],
  input_required: ["running", "failed"],
  completed: [],
  failed: [],
} as const satisfies Record<TaskStatus, readonly TaskStatus[]>;

/** True when a task of this status has ended; an ended task stays ended. */
export function isFinal(status: TaskStatus): boolean {
  return transitions[status].length === 0;
}

/** True when the table allows this change. */
export function mayChange(from: TaskStatus, to: TaskStatus): boolean {
  return (transitions[from] as readonly TaskStatus[]).includes(to);
}

/** Why a task failed. A cancelled task is `failed` with `cancelled`. */
export type FailureCode =
  | "cancelled"
  | "interrupted"
  | "timeout"
  | "runner_failed"
  | "runner_unavailable"
  | "crash_loop"
  | "budget";

/** The failure of a task; `message` is for people. */
export interface TaskError {
  readonly code: FailureCode;
  readonly message: string;
  /** The exit code of the agent's process, where there was one. */
  readonly exitCode?: number;
}

/** Where the reply to a task's message stands. `none`: the message asked for none. */
export type ReplyState = "none" | "pending" | "sending" | "delivered" | "dead";

/** Tokens of one turn so far. The cached ones are among those of the input, reasoning is among the output. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** What was asked: the parsed payload and the text that the runner gets. */
export interface TaskInput {
  readonly payload: Json;
  readonly prompt: string;
  /** What the sender named beside the text; none where it is absent. */
  readonly attachments?: readonly Attachment[];
}

/** One message carried through a runner. Times are epoch milliseconds. */
export interface Task {
  readonly id: string;
  readonly kind: string;
  readonly runner: string;
  readonly conversationId: string | null;
  readonly owner: Owner;
  /** The channel that the message came by; null for a direct call (MCP, command line). */
  readonly channel: string | null;
  readonly status: TaskStatus;
  /** The fencing number: rises at every claim. 0 before the first. */
  readonly attempt: number;
  /** How often a lease was lost without release. */
  readonly crashes: number;
  readonly input: TaskInput;
  /** The answer of a completed task, or what a failed one had produced; null if nothing. */
  readonly output: { readonly output: string } | null;
  readonly error: TaskError | null;
  /** 0 to 1, set by the runner; 1 only at `completed`. */
  readonly progress: number;
  /** Merged by key, at most 4 KiB as JSON. */
  readonly metadata: JsonObject;
  readonly reply: ReplyState;
  readonly cancelRequested: boolean;
  /** The ended task that this one goes on from. */
  readonly continues: string | null;
  readonly usage: Usage | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** Messages that belong together, in order. */
export interface Conversation {
  readonly id: string;
  readonly owner: Owner;
  /** The channel instance; null for conversations of direct callers. */
  readonly channel: string | null;
  readonly workspace: string;
  readonly key: string;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly openTasks: number;
  /** The runners' own memories of this conversation. */
  readonly sessions: readonly { readonly runner: string; readonly sessionId: string }[];
}

/** One message of a conversation's history. */
export interface HistoryMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly taskId: string;
  readonly at: number;
}
