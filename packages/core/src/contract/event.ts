import type { Attachment } from "./attachment.ts";
import type { Json } from "./json.ts";
import type { Answer, QuestionText } from "./question.ts";
import type { FailureCode, Usage } from "./task.ts";

/** Why an attempt began. */
export type StartCause = "new" | "recovered" | "released" | "answered";

/** The data of each event type. Task events are in the past tense; `turn.*` is what the agent does. */
export interface EventData {
  "task.created": {
    readonly kind: string;
    readonly runner: string;
    readonly prompt: string;
    readonly continues?: string;
  };
  "task.started": { readonly attempt: number; readonly cause: StartCause };
  "task.input_required": { readonly questionId: string };
  "task.cancel_requested": { readonly by: string; readonly reason?: string };
  "task.completed": { readonly output: string };
  "task.failed": { readonly error: string; readonly code: FailureCode; readonly exitCode?: number };
  "turn.session": { readonly sessionId: string };
  "turn.thinking": { readonly text: string; readonly delta: boolean };
  "turn.text": { readonly text: string; readonly delta: boolean };
  "turn.tool_call": { readonly callId: string; readonly name: string; readonly input: Json };
  "turn.tool_result": {
    readonly callId: string;
    readonly status: "ok" | "error" | "cancelled";
    readonly output: Json;
    readonly exitCode?: number;
  };
  "turn.file_change": {
    readonly path: string;
    readonly change: "add" | "update" | "delete";
    readonly diff?: string;
  };
  "turn.plan": {
    readonly steps: readonly {
      readonly text: string;
      readonly status: "pending" | "active" | "done";
    }[];
  };
  "turn.usage": Usage;
  "turn.question": QuestionText & { readonly questionId: string; readonly deadlineAt: number };
  "turn.answer": Answer & {
    readonly questionId: string;
    readonly state: "answered" | "expired" | "void";
  };
  "turn.notice": { readonly level: "info" | "warning"; readonly text: string };
  "turn.final_answer": {
    readonly output: string;
    readonly attachments?: readonly Attachment[];
  };
  "reply.delivered": { readonly repeated: boolean };
  "reply.failed": { readonly reason: string; readonly deadLetterId: string };
  /** The platform's later word on a reply of ours (a delegation's result). */
  "reply.noted": { readonly text: string };
}

export type EventType = keyof EventData;

/**
 * An event as it is given to the store. `cut` is present when its data was larger than the log keeps:
 * its longest texts are shortened, `bytes` is the size that it had; the whole answer stands in the task.
 */
export type NewEvent = {
  [T in EventType]: {
    readonly type: T;
    readonly data: EventData[T];
    readonly cut?: { readonly bytes: number };
  };
}[EventType];

/**
 * A stored fact. Events are appended, never edited.
 *
 * `seq` counts a task's events from 1 without gaps. `cursor` orders the whole log and is valid under
 * every filter.
 */
export type BridgeEvent = NewEvent & {
  readonly cursor: string;
  readonly taskId: string;
  readonly conversationId: string | null;
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
};

/** True for `task.completed` and `task.failed`: after it only `reply.*` follows. */
export function isTerminal(event: { readonly type: EventType }): boolean {
  return event.type === "task.completed" || event.type === "task.failed";
}

/** An event's size in the log, in bytes of JSON; what is over it is cut. */
export const maxEventBytes = 64 * 1024;
