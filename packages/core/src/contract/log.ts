import type { BridgeEvent, EventType } from "./event.ts";
import type { Scope } from "./principal.ts";

/** Which events to read. */
export interface EventFilter {
  readonly scope: Scope;
  /** Only this task's events. A task outside the scope has none. */
  readonly taskId?: string;
  readonly conversationId?: string;
  readonly types?: readonly EventType[];
}

/**
 * What changed; a hint, never the truth. It comes once the change can be read. A connection that breaks may
 * lose some; a watch that is well hears of every change.
 */
export type Hint =
  | { readonly topic: "events"; readonly taskId: string }
  /** A task may have become claimable. */
  | { readonly topic: "work" }
  /** A cancel or an answer for a claimed task. */
  | { readonly topic: "news"; readonly taskId: string }
  | { readonly topic: "outbox" }
  | { readonly topic: "acks"; readonly channel: string };

/**
 * Retention has removed events that a reader asked for. It stands before the events of an answer or stream
 * and is none itself: it has no cursor to go on from. The log of one task is whole or gone, without gaps.
 */
export interface LogGap {
  readonly type: "log.gap";
  /** Where the reader stood; null for the beginning. */
  readonly after: string | null;
  /** The newest event that was removed stood here. Before it some are missing, those that follow are all there. */
  readonly through: string;
}

/** True for what a stream of events tells of events that it does not have any more. */
export function isLogGap(element: { readonly type: string }): element is LogGap {
  return element.type === "log.gap";
}

/** The event log: gap-free and totally ordered, the same for every reader. Only retention removes events, and their readers are told. */
export interface Log {
  /**
   * Reads events after a cursor, oldest first. A cursor stays valid whatever is removed: no place of the log
   * is ever used again.
   *
   * @param request.after a cursor of this store, taken under any filter; null for the beginning
   * @param request.limit at most so many; 1 to 10,000
   * @returns `next`: the cursor to go on from, also when nothing matched; `atHead`: nothing was left to read;
   *   `gap`: events after the cursor are gone whose scope and conversation this filter has; null when none are
   * @throws BridgeError CURSOR_INVALID, CURSOR_FOREIGN, CURSOR_AHEAD
   */
  read(request: EventFilter & { readonly after: string | null; readonly limit: number }): Promise<{
    readonly events: readonly BridgeEvent[];
    readonly next: string;
    readonly atHead: boolean;
    readonly gap: LogGap | null;
  }>;
  /** The cursor after the newest event there ever was. */
  head(): Promise<string>;
  /**
   * Calls back after commits, outside of any transaction, until it is disposed. A listener must not throw;
   * one that does harms neither the commit nor other listeners. @returns what ends it
   */
  watch(listener: (hint: Hint) => void): Disposable;
}
