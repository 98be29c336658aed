import type { DeadLetterReason, NewDeadLetter } from "./intake.ts";
import type { Attention } from "./attention.ts";
import type { Scope } from "./principal.ts";
import type { Question } from "./question.ts";
import type { Conversation, HistoryMessage, Task, TaskStatus } from "./task.ts";

/** Which tasks to list. */
export interface TaskFilter {
  readonly scope: Scope;
  readonly status?: readonly TaskStatus[];
  readonly kind?: string;
  readonly runner?: string;
  readonly conversationId?: string;
}

/** A stored dead letter. */
export interface DeadLetter extends NewDeadLetter {
  readonly channel: string | null;
  readonly messageId: string | null;
  readonly taskId: string | null;
  readonly at: number;
}

/** What `status` shows. */
export interface StoreStats {
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  /** Age of the oldest pending task in milliseconds; null if none is pending. */
  readonly oldestPendingMs: number | null;
  readonly outbox: number;
  readonly deadLetters: number;
  /** Refused messages of which only the number is kept, beyond the limit of a channel: ordered by channel. */
  readonly onlyCounted: readonly {
    readonly channel: string;
    readonly reason: DeadLetterReason;
    readonly count: number;
  }[];
  /** Those whose end is not recorded yet. */
  readonly openQuestions: number;
}

/** A page of a list, newest first. `next`: opaque, null when nothing follows; what no page gave is CURSOR_INVALID. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Reads. Every one is bound to a scope; what lies outside does not exist. */
export interface Queries {
  task(taskId: string, scope: Scope): Promise<Task | undefined>;
  /** Newest first. @param page.limit 1 to 1,000 */
  tasks(
    filter: TaskFilter,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<Page<Task>>;
  conversation(conversationId: string, scope: Scope): Promise<Conversation | undefined>;
  /**
   * The conversation of a place; undefined if nothing was ever said there. A place without a channel is a name
   * under its owner: with the scope of all it is not found.
   */
  conversationAt(
    place: { readonly channel: string | null; readonly workspace: string; readonly key: string },
    scope: Scope,
  ): Promise<Conversation | undefined>;
  conversations(
    scope: Scope,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<Page<Conversation>>;
  /** Oldest first, at most the newest 1,000. */
  history(conversationId: string, scope: Scope): Promise<readonly HistoryMessage[]>;
  /** The open question of a conversation's running task, with the sender whose message caused it. */
  openQuestion(
    conversationId: string,
  ): Promise<(Question & { readonly sender: string | null }) | undefined>;
  questions(taskId: string, scope: Scope): Promise<readonly Question[]>;
  deadLetters(page: {
    readonly limit: number;
    readonly after: string | null;
  }): Promise<Page<DeadLetter>>;
  deadLetter(id: string): Promise<DeadLetter | undefined>;
  stats(): Promise<StoreStats>;
  /**
   * What may need a person: replies that do not arrive, dead letters of these channels, open questions.
   *
   * @param limit the most delivery problems and questions to give
   */
  attention(channels: readonly string[], limit: number): Promise<Attention>;
}
