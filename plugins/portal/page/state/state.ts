import type { Place, TaskFilter } from "./place.ts";
import type { Turn } from "./turn.ts";
import type { Conversation, PortalEvent, PortalTask, RunnerChoice } from "./wire.ts";

/** Where the connection to the bridge stands. */
export type Link =
  | { readonly phase: "connecting" | "open" }
  /** `isStopping`: the bridge said that it stops. */
  | { readonly phase: "waiting"; readonly retryAt: number; readonly isStopping: boolean }
  | { readonly phase: "signed-out"; readonly reason: string | null };

/** A message on its way: it stays until the bridge has taken it. */
export interface Outgoing {
  /** The same key and message give the same task, however often it is sent. */
  readonly key: string;
  readonly text: string;
  readonly conversationId: string | null;
  /** The name of the conversation, where it is a new one. */
  readonly conversation: string | null;
  readonly runner: string | null;
  /** Why it was refused; null while it is on its way. */
  readonly refusal: string | null;
}

/** The conversation that is open. Without an id it is a new one, that the first message makes. */
export interface Chat {
  readonly conversationId: string | null;
  readonly newName: string | null;
  /** Oldest first. */
  readonly taskIds: readonly string[];
  /** Where the tasks before these are read; null when there are none. */
  readonly earlier: string | null;
  readonly isLoading: boolean;
  readonly trouble: string | null;
}

/** One task with its events, read page by page. */
export interface Detail {
  readonly taskId: string;
  readonly turn: Turn | null;
  /** The newest that were read; `droppedCount` older ones were read and let go. */
  readonly events: readonly PortalEvent[];
  readonly droppedCount: number;
  readonly next: string | null;
  readonly atHead: boolean;
  readonly isLoading: boolean;
  readonly trouble: string | null;
}

/** The list of tasks. */
export interface TaskList {
  readonly filter: TaskFilter;
  readonly tasks: readonly PortalTask[];
  readonly next: string | null;
  readonly isLoading: boolean;
  readonly trouble: string | null;
}

/** Everything that the page shows. Never changed in place. */
export interface State {
  readonly link: Link;
  readonly principal: string | null;
  readonly version: string | null;
  readonly messageBytes: number;
  readonly runners: readonly RunnerChoice[];
  /** The one that a new message goes to; null: the first route's. */
  readonly runner: string | null;
  readonly place: Place;
  readonly conversations: readonly Conversation[];
  readonly moreConversations: string | null;
  /** What was last asked in a conversation, for those without a name of their own. */
  readonly lastPrompts: ReadonlyMap<string, string>;
  readonly chat: Chat;
  /** The tasks of the open conversation, by id. */
  readonly turns: ReadonlyMap<string, Turn>;
  readonly outbox: readonly Outgoing[];
  readonly list: TaskList;
  readonly detail: Detail | null;
  /** What went wrong last, for a person; null: nothing, or it was read. */
  readonly notice: string | null;
}

/** Changes the state: pure. */
export type Update = (state: State) => State;

export const emptyChat: Chat = {
  conversationId: null,
  newName: null,
  taskIds: [],
  earlier: null,
  isLoading: false,
  trouble: null,
};

/** What the page begins with. */
export function initialState(place: Place): State {
  const filter: TaskFilter =
    place.view === "tasks" ? place.filter : { status: "", runner: "", kind: "" };
  return {
    link: { phase: "connecting" },
    principal: null,
    version: null,
    messageBytes: 256 * 1024,
    runners: [],
    runner: null,
    place,
    conversations: [],
    moreConversations: null,
    lastPrompts: new Map(),
    chat: emptyChat,
    turns: new Map(),
    outbox: [],
    list: { filter, tasks: [], next: null, isLoading: false, trouble: null },
    detail: null,
    notice: null,
  };
}
