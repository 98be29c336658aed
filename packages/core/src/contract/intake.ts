import type { Attachment } from "./attachment.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Owner, Scope } from "./principal.ts";
import type { Answer, Question } from "./question.ts";
import type { Quota, QuotaExceeded } from "./quota.ts";
import type { Route, TaskRules } from "./route.ts";
import type { Provenance } from "./runner.ts";
import type { Task, TaskError, TaskInput } from "./task.ts";

/** A new task as intake gives it; the store adds status, attempt and times. */
export interface NewTask {
  readonly id: string;
  readonly kind: string;
  readonly runner: string;
  readonly owner: Owner;
  readonly input: TaskInput;
  readonly provenance: Provenance;
  readonly rules: TaskRules;
  readonly metadata: JsonObject;
  /** Where the reply goes; null when none is sent. */
  readonly destination: Json | null;
  /** Its conversation: an existing one by id, or the one of this place, made if it does not exist yet. Null: none. */
  readonly conversation:
    | { readonly id: string }
    | {
        /** Used only if the conversation has to be made. */
        readonly newId: string;
        readonly channel: string | null;
        readonly workspace: string;
        readonly key: string;
        /** False: sessions are not stored, each turn starts fresh. */
        readonly keepsSession: boolean;
      }
    | null;
  /** The ended task that this one goes on from. */
  readonly continues: string | null;
  /** `ask` or `decline`, from the kind. */
  readonly questions: "ask" | "decline";
  /** Sent to its destination, once for each open question to whoever has one, when the task has to wait behind that question. */
  readonly waitingText: string | null;
  /**
   * For a sender that is an agent: more than `limit` accepted turns in this conversation since a person
   * last wrote in the same channel and workspace, or since `quietMs` without a turn, make the message a
   * dead letter `hop_limit`, which counts as no turn. Null for people, whose message, also one that answers
   * a question, sets that count back.
   */
  readonly hops: { readonly limit: number; readonly quietMs: number } | null;
  /**
   * What may be open with this task: beyond one of them it is refused, and stored nowhere. A message of a channel
   * becomes a dead letter `quota_exceeded`, kept like one that nobody may send; for a direct call, and a dead letter that is taken up again, the result
   * tells. What is refused counts as no turn and makes no conversation. A known message is known all the same.
   */
  readonly quotas: readonly Quota[];
  /** Sent to its destination when a quota made it a dead letter; null to send nothing. */
  readonly refusalText: string | null;
}

/** A message that can not be handled, or a reply that can not be delivered. */
export interface NewDeadLetter {
  readonly id: string;
  readonly reason: DeadLetterReason;
  /** One line for people. */
  readonly detail: string;
  readonly kind: string | null;
  /** The local workspace it arrived at, or goes out from; empty for none. */
  readonly workspace: string;
  /** The message as text, at most 256 KiB; `bytes` and `sha256` are of the whole. */
  readonly payload: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Why something became a dead letter. */
export type DeadLetterReason =
  | "kind_unknown"
  | "payload_invalid"
  | "payload_too_large"
  | "kind_failed"
  | "not_allowed"
  | "hop_limit"
  | "quota_exceeded"
  | "reply_refused"
  | "reply_expired"
  | "reply_dropped";

/** What the sender of a message that was put aside is told: put into the line of its destination with the dead letter, in one transaction. */
export interface SenderNotice {
  readonly destination: Json;
  readonly text: string;
  readonly unknownReply: Route["unknownReply"];
}

/** What a message turns out to be. */
export type MessageOutcome =
  | { readonly type: "task"; readonly task: NewTask }
  /** `notice` is sent by the channel of the message; a message of no channel has none. */
  | {
      readonly type: "dead_letter";
      readonly deadLetter: NewDeadLetter;
      readonly notice?: SenderNotice;
    }
  /** Answers the question if it is still open; else it is the task. */
  | {
      readonly type: "answer";
      readonly questionId: string;
      readonly answer: Answer;
      readonly otherwise: NewTask;
    }
  /** Noted at the delivered reply with this reference, as `reply.noted`; else it is the task or dead letter. */
  | {
      readonly type: "note";
      readonly ref: string;
      readonly text: string;
      readonly otherwise: MessageOutcome;
    };

/** One message to accept. */
export interface NewMessage {
  /**
   * What makes it known: unique within its scope (a channel instance, or a principal). `hash`: null for
   * channels, where the key alone decides; else another hash under the same key is a conflict.
   */
  readonly dedupe: {
    readonly scope: string;
    readonly key: string;
    readonly hash: string | null;
  } | null;
  /** The channel that wants an acknowledgement, with what `ack` needs; null for direct calls. */
  readonly from: { readonly channel: string; readonly ack: Json } | null;
  readonly outcome: MessageOutcome;
}

/** What became of one message. */
export type Accepted =
  | { readonly result: "task"; readonly task: Task }
  | { readonly result: "answered"; readonly questionId: string; readonly taskId: string }
  | { readonly result: "noted"; readonly taskId: string }
  | {
      readonly result: "dead_letter";
      readonly deadLetterId: string;
      readonly reason: DeadLetterReason;
    }
  /** Known already: nothing was stored. A settled one is due for acknowledgement again. `task` is null when it made none. */
  | { readonly result: "known"; readonly task: Task | null; readonly settled: boolean }
  /** `taskId` is empty where the message made no task. */
  | { readonly result: "conflict"; readonly taskId: string }
  /** Known, and its task was removed by retention: nothing was stored. One of a channel is due for acknowledgement again. */
  | { readonly result: "expired" }
  /** `conversation.id` does not exist or has another owner. */
  | { readonly result: "conversation_not_found" }
  /** Too much is open: nothing was stored, the key stays unknown. Not for messages of a channel. */
  | { readonly result: "quota_exceeded"; readonly exceeded: QuotaExceeded };

/** How an ended task is recorded. */
export interface Ending {
  readonly status: "completed" | "failed";
  /** The answer, or the partial answer of a failed task; null if there is none. */
  readonly output: string | null;
  readonly error: TaskError | null;
  /** The text for the destination. Ignored for a task without one. */
  readonly reply: string;
  /** What goes with the reply; none by default. */
  readonly attachments?: readonly Attachment[];
}

/** An acknowledgement that is due. */
export interface AckDue {
  readonly channel: string;
  readonly ack: Json;
  /** What `acknowledged` takes back. */
  readonly messages: readonly string[];
}

/** The way in: messages, cancels, answers, acknowledgements. */
export interface Intake {
  /**
   * Stores messages, their tasks with `task.created`, and the channel's position, in one transaction and
   * in the given order. The same key twice in one call: the second is known.
   *
   * @param batch.position stored even if every message was known
   * @returns one result for each message, in order
   * @throws BridgeError INPUT_TOO_LARGE when the metadata of a task are over 4 KiB; nothing of the batch is stored
   */
  accept(batch: {
    readonly messages: readonly NewMessage[];
    readonly position?: { readonly channel: string; readonly next: Json };
  }): Promise<readonly Accepted[]>;
  /** The stored poll position of a channel; null before the first. */
  position(channel: string): Promise<Json | null>;
  /**
   * Asks for the end of a task: it is marked, with `task.cancel_requested`. Pending, or suspended, or open
   * without any claim that could still write: it ends here as `ending`, its open question closed as void
   * before. Under a claim, also one whose lease has run out: its worker, or the next to claim it, ends it.
   *
   * @returns `changed: false` when it had ended or was marked before; undefined when the scope does not hold it
   */
  requestCancel(request: {
    readonly taskId: string;
    readonly scope: Scope;
    readonly by: string;
    readonly reason: string | null;
    readonly ending: Ending;
  }): Promise<{ readonly changed: boolean; readonly task: Task } | undefined>;
  /**
   * Answers an open question, with `turn.answer`. A live one resumes its turn; a suspended one makes the task
   * claimable. A question past its deadline, or a live one whose attempt is gone, is no longer open.
   *
   * @returns the question as it now is, `accepted: false` when it was no longer open; undefined when the scope does not hold it
   */
  answer(request: {
    readonly questionId: string;
    readonly scope: Scope;
    readonly answer: Answer;
  }): Promise<{ readonly accepted: boolean; readonly question: Question } | undefined>;
  /**
   * Merges into a task's metadata by key, also after its end.
   *
   * @returns the task; undefined when the scope does not hold it
   * @throws BridgeError INPUT_TOO_LARGE over 4 KiB
   */
  mergeMetadata(request: {
    readonly taskId: string;
    readonly scope: Scope;
    readonly metadata: JsonObject;
  }): Promise<Task | undefined>;
  /**
   * What may be acknowledged now. A message is settled when its task has ended and its reply is none,
   * delivered or dead, or when it made no task. `log`: one entry, of the messages that are not acknowledged
   * the newest below which (and itself) all are settled. `queue`: an entry for each settled message, oldest first.
   */
  acksDue(channel: string, style: "log" | "queue"): Promise<readonly AckDue[]>;
  /** Notes that the platform took the acknowledgement. Names of other channels, or of none, are left alone. */
  acknowledged(channel: string, messages: readonly string[]): Promise<void>;
  /**
   * Takes up a dead letter again and removes it, in one transaction. With `outcome: null` a reply goes back
   * into the line of its destination, under the key that it had; else the message becomes what `outcome` says,
   * without another acknowledgement.
   *
   * @returns `queued` for a reply (`taskId` null: it was a notice of no task), else what became of the message;
   *   undefined when there is no such dead letter, or `outcome` is null and it is no reply
   */
  retryDeadLetter(request: {
    readonly deadLetterId: string;
    readonly outcome: MessageOutcome | null;
  }): Promise<Accepted | { readonly result: "queued"; readonly taskId: string | null } | undefined>;
  /**
   * Removes dead letters for good. Their messages stay known, the replies of their tasks stay `dead`, and no
   * event is appended.
   *
   * @returns the ids of those that were there, each once
   */
  dropDeadLetters(deadLetterIds: readonly string[]): Promise<readonly string[]>;
  /** How many messages of a channel are not acknowledged yet. */
  unacknowledged(channel: string): Promise<number>;
}
