import type { PortalEvent, PortalPush, PortalRequest, PortalTask } from "../../src/protocol.ts";
import type { conversationView, messageView, questionView } from "../../src/views.ts";

export type { PortalEvent, PortalPush, PortalTask };

export type Conversation = ReturnType<typeof conversationView>;
export type Question = ReturnType<typeof questionView>;
export type HistoryMessage = ReturnType<typeof messageView>;
export type TaskStatus = PortalTask["status"];

/** The runners that may be chatted with; `ready` is null where nobody has looked yet. */
export interface RunnerChoice {
  readonly name: string;
  readonly ready: boolean | null;
}

/** What each request is answered with. */
export interface Results {
  authenticate: Record<string, never>;
  chat: { readonly task: PortalTask; readonly created: boolean };
  cancel: { readonly changed: boolean; readonly task: PortalTask };
  resume: { readonly task: PortalTask; readonly created: boolean };
  detach: { readonly detached: boolean };
  answer: { readonly question: Question };
  tasks: { readonly tasks: readonly PortalTask[]; readonly next: string | null };
  task: { readonly task: PortalTask; readonly questions: readonly Question[] };
  events: {
    readonly events: readonly PortalEvent[];
    readonly next: string;
    readonly atHead: boolean;
    readonly gap: boolean;
  };
  conversations: { readonly conversations: readonly Conversation[]; readonly next: string | null };
  conversation: {
    readonly conversation: Conversation;
    readonly history: readonly HistoryMessage[];
  };
  describe: { readonly runners: readonly RunnerChoice[] };
}

export type RequestName = PortalRequest["type"];

/** A request without what the line adds to it. */
export type Asked<N extends RequestName> = Omit<
  Extract<PortalRequest, { readonly type: N }>,
  "type" | "id"
>;

/** True for a task that has ended. */
export function isOver(status: TaskStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
