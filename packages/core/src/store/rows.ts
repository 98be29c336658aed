import type { BudgetUse } from "../contract/budget.ts";
import type { EventType } from "../contract/event.ts";
import type { NewDeadLetter } from "../contract/intake.ts";
import type { Json } from "../contract/json.ts";
import type { OutboxItem } from "../contract/outbox.ts";
import type { Provenance, ProcessRecord } from "../contract/runner.ts";
import type { Question } from "../contract/question.ts";
import type { TaskRules } from "../contract/route.ts";
import type { Task } from "../contract/task.ts";
import type { WorkerId } from "../contract/work.ts";

/*
 * For store authors: what the tables of a store hold. Rows are never changed in place, a new one
 * replaces the old. `order` counts the rows of a table from 1 in the order in which they were made.
 * Fields named `…Until`, `…Time` and `deadline` are on the store's steady scale; `…At` is the wall clock.
 */

/** A task with what only the store and its worker need. */
export interface TaskRow {
  readonly order: number;
  readonly task: Task;
  readonly provenance: Provenance;
  readonly rules: TaskRules;
  readonly questions: "ask" | "decline";
  readonly destination: Json | null;
  /** The key of its message within its dedupe scope. */
  readonly messageKey: string | null;
  readonly acceptedTime: number;
  /** The bytes of its input, as JSON in UTF-8. */
  readonly inputBytes: number;
  /** True while it is open and no earlier task of its conversation is. */
  readonly isHead: boolean;
  /** True while an attempt owns it, however old its lease is. */
  readonly isHeld: boolean;
  /** True when the last attempt was ended from outside: neither released nor suspended. */
  readonly isLost: boolean;
  /** Who claimed it last. */
  readonly worker: WorkerId | null;
  readonly leaseUntil: number;
  /** After a release: when it may be claimed again. */
  readonly restUntil: number;
  /** True when effects were announced, and no suspension came after that. */
  readonly hasBegun: boolean;
  /** True once its turn was counted by a budget. */
  readonly isCharged: boolean;
  readonly process: (ProcessRecord & { readonly attempt: number }) | null;
  /** What a suspended turn left; kept until the attempt that took the answer begins, or asks again. */
  readonly suspension: { readonly state: Json } | null;
  /** Its newest question. */
  readonly questionId: string | null;
  /** When it ended; null while it is open. */
  readonly endedTime: number | null;
}

/** What has to be known of an ended task to remove it. */
export interface EndedTask {
  readonly order: number;
  readonly id: string;
  readonly owner: string;
  readonly conversationId: string | null;
  readonly reply: Task["reply"];
  readonly endedTime: number;
}

/** A stored event; `body` is its data as JSON text. */
export interface EventRow {
  readonly position: number;
  readonly taskId: string;
  readonly conversationId: string | null;
  readonly seq: number;
  readonly at: number;
  readonly type: EventType;
  readonly body: string;
  /** The size before it was cut; null when it is whole. */
  readonly cutBytes: number | null;
}

/** Where conversations are: a direct caller's are found under their owner, a channel's under the channel. */
export interface Place {
  readonly channel: string | null;
  readonly workspace: string;
  readonly key: string;
}

/** A conversation with its hop count. */
export interface ConversationRow extends Place {
  readonly order: number;
  readonly id: string;
  readonly owner: string;
  readonly keepsSession: boolean;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  /** When somebody last wrote. */
  readonly activeTime: number;
  /** Turns of agents since `people` was counted, and the time of the last one. */
  readonly hops: { readonly count: number; readonly people: number; readonly lastTime: number };
}

/** A message that is known, or waits for its acknowledgement. */
export interface MessageRow {
  readonly order: number;
  readonly dedupe: {
    readonly scope: string;
    readonly key: string;
    readonly hash: string | null;
  } | null;
  readonly from: { readonly channel: string; readonly ack: Json } | null;
  /** The task that it made. */
  readonly taskId: string | null;
  /** What else it became part of: the task answered or noted, or the dead letter. */
  readonly aboutId: string | null;
  readonly isAcknowledged: boolean;
  /** Since when its key ages; null while its task is kept. */
  readonly agingTime: number | null;
}

/** A question with its deadline on the steady scale. */
export interface QuestionRow {
  readonly order: number;
  readonly question: Question;
  /** The attempt that asked. */
  readonly attempt: number;
  readonly deadline: number;
  /** True once a sender was told that their message waits behind it. */
  readonly isWaitingTold: boolean;
}

/** A text on its way out, and afterwards what became of it. */
export interface OutboxRow {
  readonly order: number;
  readonly item: Pick<
    OutboxItem,
    | "id"
    | "taskId"
    | "type"
    | "channel"
    | "destination"
    | "text"
    | "attachments"
    | "rules"
    | "createdAt"
  >;
  readonly state: OutboxItem["state"] | "delivered" | "dead";
  /** Its destination's line: equal for equal destinations of one channel. */
  readonly line: string;
  /** True while it is the first of its line. */
  readonly isHead: boolean;
  readonly tries: number;
  readonly unknown: boolean;
  readonly queuedTime: number;
  /** Pending: when it may be tried. Sending: when the sender's hold runs out. */
  readonly waitUntil: number;
  /** Who sends it. */
  readonly worker: WorkerId | null;
  readonly ref: string | null;
  /** What its last try came to that did not arrive; null before one. */
  readonly problem: string | null;
}

/** A dead letter with its place in the order. */
export interface DeadLetterRow extends NewDeadLetter {
  readonly order: number;
  readonly channel: string | null;
  readonly messageId: string | null;
  readonly taskId: string | null;
  /** The item of the outbox that it was; null for a message. */
  readonly itemId: string | null;
  readonly at: number;
  /** When it was made. */
  readonly madeTime: number;
}

/** What was used under a budget's key in one part of its window. */
export interface BudgetRow extends BudgetUse {
  readonly key: string;
  /** Until when it counts; with the key it names the part. */
  readonly until: number;
}

/** A named lease. */
export interface LeaseRow {
  readonly name: string;
  readonly worker: WorkerId;
  readonly until: number;
}
