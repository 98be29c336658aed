import type { DeadLetterReason } from "./intake.ts";
import type { Question } from "./question.ts";

/** A reply, question or notice at the head of its destination's line whose last try did not arrive. */
export interface DeliveryProblem {
  readonly channel: string;
  /** Null for a notice to a sender without a task. */
  readonly taskId: string | null;
  readonly tries: number;
  readonly ageMs: number;
  /** Milliseconds until it is tried again; 0: now, or it is being tried. */
  readonly nextTryMs: number;
  /** What the last try that was noted came to. */
  readonly detail: string;
}

/** How the outbox stands. */
export interface OutboxAttention {
  /** Destinations that something waits for. */
  readonly destinations: number;
  /** Those of them whose head did not arrive at its last try. */
  readonly failing: number;
  /** Age of the oldest item; null when there is none. */
  readonly oldestMs: number | null;
  /** Milliseconds until something is tried next; null when nothing waits. */
  readonly nextTryMs: number | null;
  /** Of those that fail, oldest first. */
  readonly problems: readonly DeliveryProblem[];
}

/** What of a store may need a person. */
export interface Attention {
  readonly outbox: OutboxAttention;
  /** By reason, of the channels that were asked about; reasons that do not occur are left out. */
  readonly deadLetters: readonly { readonly reason: DeadLetterReason; readonly count: number }[];
  /** Those that can still be answered, oldest first. */
  readonly questions: readonly Pick<
    Question,
    "id" | "taskId" | "type" | "title" | "askedAt" | "deadlineAt"
  >[];
}
