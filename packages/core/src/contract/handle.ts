import type { BridgeDescription } from "./description.ts";
import type { Attention } from "./attention.ts";
import type { BridgeEvent, EventType } from "./event.ts";
import type { InboxStyle } from "./channel.ts";
import type { Json, JsonObject } from "./json.ts";
import type { LogGap } from "./log.ts";
import type { Principal } from "./principal.ts";
import type { Answer, Question } from "./question.ts";
import type { DeadLetter, Page, StoreStats } from "./queries.ts";
import type { StoreSize } from "./retention.ts";
import type { RunnerHealth } from "./runner.ts";
import type { Conversation, FailureCode, HistoryMessage, Task, TaskStatus } from "./task.ts";

/** What a direct caller asks for. */
export interface StartRequest {
  /** Default: `prompt`. */
  readonly kind?: string;
  /** For `prompt`: `{ text }`. */
  readonly payload: Json;
  /** Picks among the routes that allow this kind and sender; default: the first. */
  readonly runner?: string;
  /** An existing conversation of the caller, by id. */
  readonly conversationId?: string;
  /** A name of the caller's own choosing for a conversation, made when it does not exist. Not with `conversationId`. */
  readonly conversation?: string;
  /** One key, one task: the same key and request give the same task again. */
  readonly idempotencyKey?: string;
  readonly metadata?: JsonObject;
  /** What is asked of the runner for this task, within the options of the route: see `Runner.callerOptions`. */
  readonly options?: JsonObject;
}

/** Which events to read; all filters may be combined and changed under one cursor. */
export interface EventsRequest {
  readonly taskId?: string;
  readonly conversationId?: string;
  readonly types?: readonly EventType[];
  /** A cursor from an earlier answer or event; none: from the beginning. */
  readonly after?: string | null;
  /** Default 500, at most 10,000. */
  readonly limit?: number;
}

/** What a principal can do. Every method sees only what is theirs; the rest is "not found", as if it never was. */
export interface Handle {
  readonly principal: Principal;
  /**
   * Accepts a request: durable when it resolves.
   *
   * @returns `created: false` when the idempotency key had a task already
   * @throws BridgeError KIND_UNKNOWN, INPUT_INVALID, INPUT_TOO_LARGE, INPUT_TOO_DEEP, ROUTE_NONE, IDEMPOTENCY_CONFLICT, TASK_EXPIRED, CONVERSATION_NOT_FOUND, QUOTA_EXCEEDED,
   *   NOT_ALLOWED when the route does not permit the options that are asked for
   */
  start(request: StartRequest): Promise<{ readonly task: Task; readonly created: boolean }>;
  /** @throws BridgeError TASK_NOT_FOUND */
  task(taskId: string): Promise<Task>;
  /** Newest first. */
  tasks(
    filter: {
      readonly status?: readonly TaskStatus[];
      readonly kind?: string;
      readonly runner?: string;
      readonly conversationId?: string;
    },
    page?: { readonly limit?: number; readonly after?: string | null },
  ): Promise<Page<Task>>;
  /** @throws BridgeError TASK_NOT_FOUND, CURSOR_INVALID, CURSOR_FOREIGN, CURSOR_AHEAD */
  events(request: EventsRequest): Promise<{
    readonly events: readonly BridgeEvent[];
    readonly next: string;
    readonly atHead: boolean;
    /** Set when retention removed events after the cursor that would have been given; never for one task. */
    readonly gap: LogGap | null;
  }>;
  /**
   * The task's events after a cursor, then live, up to the terminal event (`ended`) or the reply's end
   * (`settled`). No gap, no repeat; a slow reader reads from the store and holds nobody up. A task that
   * retention removes meanwhile is not found any more.
   *
   * @throws BridgeError TASK_NOT_FOUND, CURSOR_INVALID, CURSOR_FOREIGN, CURSOR_AHEAD at the first step
   */
  attach(request: {
    readonly taskId: string;
    readonly after?: string | null;
    readonly until?: "ended" | "settled";
    readonly signal?: AbortSignal;
  }): AsyncIterable<BridgeEvent>;
  /**
   * All of the principal's events after a cursor, then live, until the signal aborts. `after: "now"`: only new
   * ones. Where retention removed some, a gap is told once, before the first event that follows the cursor.
   */
  follow(request: {
    readonly after?: string | null;
    readonly types?: readonly EventType[];
    readonly signal: AbortSignal;
  }): AsyncIterable<BridgeEvent | LogGap>;
  /** Waits until any or all of the tasks have ended (or wait for an answer), or the time is over: that is a normal result. */
  wait(request: {
    readonly taskIds: readonly string[];
    readonly until?: "any" | "all";
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly timedOut: boolean; readonly tasks: readonly Task[] }>;
  /** Durable when it resolves, idempotent. `changed: false`: it had ended, or was asked for before. @throws BridgeError TASK_NOT_FOUND */
  cancel(
    taskId: string,
    reason?: string,
  ): Promise<{ readonly changed: boolean; readonly task: Task }>;
  questions(taskId: string): Promise<readonly Question[]>;
  /** @throws BridgeError QUESTION_NOT_FOUND, QUESTION_CLOSED */
  answer(questionId: string, answer: Answer): Promise<Question>;
  /**
   * Goes on with a task whose conversation the caller can name. Open, or ended without anything to go
   * on with: that task, to attach to. Ended and `message` given, or ended as `interrupted`: a new task in
   * the same conversation and session that `continues` it; the same one for every caller with the same key.
   *
   * @throws BridgeError TASK_NOT_FOUND also when the conversation is missing or not the task's own; QUOTA_EXCEEDED
   */
  resume(request: {
    readonly taskId: string;
    readonly conversationId: string | null | undefined;
    readonly message?: string;
    readonly idempotencyKey?: string;
  }): Promise<{ readonly task: Task; readonly created: boolean }>;
  conversations(page?: {
    readonly limit?: number;
    readonly after?: string | null;
  }): Promise<Page<Conversation>>;
  /** @throws BridgeError CONVERSATION_NOT_FOUND */
  conversation(
    conversationId: string,
  ): Promise<{ readonly conversation: Conversation; readonly history: readonly HistoryMessage[] }>;
  /** The operator's only; for others there are none. */
  deadLetters(page?: {
    readonly limit?: number;
    readonly after?: string | null;
  }): Promise<Page<DeadLetter>>;
  /** @throws BridgeError DEAD_LETTER_NOT_FOUND, for anyone but the operator always */
  deadLetter(deadLetterId: string): Promise<DeadLetter>;
  /**
   * Takes up a dead letter again: its reply is sent, or its message accepted by the kinds and routes of now.
   *
   * @returns the task that it belongs to, or has become; null for a notice of no task
   * @throws BridgeError DEAD_LETTER_NOT_FOUND (for anyone but the operator, always); INPUT_INVALID when it still
   *   can not be handled, which then is in the text, and it stays
   */
  retryDeadLetter(deadLetterId: string): Promise<{ readonly taskId: string | null }>;
  /**
   * Removes dead letters for good: payload and reason are gone, a reply stays undelivered.
   *
   * @returns those that were there; what is gone already is no error
   * @throws BridgeError DEAD_LETTER_NOT_FOUND for anyone but the operator, always
   */
  dropDeadLetters(
    deadLetterIds: readonly string[],
  ): Promise<{ readonly dropped: readonly string[] }>;
  /** The cursor after the newest event: what comes later is read from it. */
  head(): Promise<string>;
  /** What this principal may send, to whom, and within which limits. Asks no runner and no store. */
  describe(): BridgeDescription;
  /** @throws BridgeError NOT_ALLOWED for anyone but the operator */
  status(): Promise<BridgeStatus>;
}

/** How a channel fares. */
export interface ChannelStatus {
  readonly name: string;
  readonly inbox: InboxStyle;
  readonly state: "starting" | "receiving" | "backing_off" | "waiting" | "stopped";
  /** Failed polls since the last good one. */
  readonly failures: number;
  readonly lastError: string | null;
  /** Epoch milliseconds; null before the first. */
  readonly lastGoodPollAt: number | null;
  /** While it backs off: when it polls again. */
  readonly nextPollAt: number | null;
  readonly unacknowledged: number;
  /** What the channel itself tells of its inbox; null where it tells nothing. */
  readonly details: JsonObject | null;
}

/** A turn that a runner did not bring to its end. */
export interface RunnerFailure {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly taskId: string;
  readonly code: FailureCode;
  readonly message: string;
}

/** How a runner fares, since the start of this process. */
export interface RunnerStatus {
  readonly name: string;
  /** Null where it was not checked yet, or its check told nothing. */
  readonly health: RunnerHealth | null;
  /** When that was found, in epoch milliseconds. */
  readonly checkedAt: number | null;
  readonly lastFailure: RunnerFailure | null;
}

/** What retention has done since the start of this process. */
export interface RetentionStatus {
  /** When a sweep of this process last came to its end; null before the first. */
  readonly lastRunAt: number | null;
  readonly removed: {
    readonly tasks: number;
    readonly events: number;
    /** Keys of messages, that are not known any more. */
    readonly keys: number;
    readonly deadLetters: number;
    readonly conversations: number;
  };
}

/** What the operator sees at a glance. Times are epoch milliseconds. */
export interface BridgeStatus {
  readonly storeId: string;
  readonly durable: boolean;
  readonly startedAt: number;
  readonly store: StoreStats;
  readonly size: StoreSize;
  readonly retention: RetentionStatus;
  /** Tasks that this process works on now. */
  readonly running: number;
  readonly concurrency: number;
  readonly channels: readonly ChannelStatus[];
  readonly runners: readonly RunnerStatus[];
  /** What may need a person; the first of each sort. */
  readonly attention: Attention;
  /** Counted since the start of this process. */
  readonly since: {
    /** Tasks taken over after a crash, and what their recovery was. */
    readonly recovered: {
      readonly asNew: number;
      readonly resumed: number;
      readonly interrupted: number;
    };
    readonly orphansEnded: number;
    readonly hopLimited: number;
    readonly repeatedReplies: number;
  };
}
