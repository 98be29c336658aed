import type { Attachment } from "./attachment.ts";
import type { NewDeadLetter } from "./intake.ts";
import type { Json } from "./json.ts";
import type { TaskRules } from "./route.ts";
import type { WorkerId } from "./work.ts";

/** A text to send. */
export interface OutboxItem {
  readonly id: string;
  /** Null for a notice about a message that made no task. */
  readonly taskId: string | null;
  /** `reply` ends the task's message; the others go before it. */
  readonly type: "reply" | "question" | "notice";
  readonly channel: string;
  readonly destination: Json;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly state: "pending" | "sending";
  /** Tries so far. */
  readonly tries: number;
  readonly rules: Pick<TaskRules, "unknownReply">;
  readonly createdAt: number;
  /** How long it has been in the outbox, in milliseconds of the store's own time. */
  readonly ageMs: number;
  /** True once a try ended with an unknown effect: it may have arrived. */
  readonly unknown: boolean;
}

/**
 * Replies on their way out: `pending → sending → delivered | dead`. What a worker reports of an item that is
 * not its own (done, taken by another, never taken) changes nothing; a hold that ran out is still its own
 * until another takes the item.
 */
export interface Outbox {
  /**
   * The head of each destination's line that may be tried now, oldest first. First in, first out for
   * each destination: an item behind another of the same channel and destination is not given.
   * An item in `sending` is given only when its sender's hold was forfeited or has run out (`unknown` is then true).
   */
  due(channels: readonly string[], limit: number): Promise<readonly OutboxItem[]>;
  /** Milliseconds until the next postponed item may be tried; null if none waits. */
  nextDueMs(channels: readonly string[]): Promise<number | null>;
  /** Commits `sending` before the call. @returns the ids that are now this worker's to send; another's are left out */
  sending(ids: readonly string[], worker: WorkerId, holdMs: number): Promise<readonly string[]>;
  /** It arrived: `reply.delivered` (for replies), the task's reply `delivered`. @param result.ref the platform's reference */
  delivered(
    id: string,
    worker: WorkerId,
    result: { readonly ref: string | null; readonly repeated: boolean },
  ): Promise<void>;
  /** It did not arrive, or may not have; it is due again after `delayMs`. The first 1,000 characters of `detail` are kept, see `Queries.attention`. */
  postpone(
    id: string,
    worker: WorkerId,
    result: { readonly delayMs: number; readonly detail: string; readonly unknown: boolean },
  ): Promise<void>;
  /** It is given up: a dead letter with its text, `reply.failed`, the task's reply `dead`; the next of the line goes on. */
  dead(
    id: string,
    worker: WorkerId,
    deadLetter: Pick<NewDeadLetter, "id" | "reason" | "detail">,
  ): Promise<void>;
}
