import { setTimeout as sleep } from "node:timers/promises";
import { gone } from "../loopback/server.ts";
import { carryOut } from "./calls.ts";
import type { Outcome } from "./calls.ts";
import type { Endpoint } from "./faults.ts";
import { inboxMessage, isInbound } from "./inbox.ts";
import type { InboxMessage } from "./inbox.ts";
import type { ActivityRow } from "./rows.ts";
import type { Answer, PlatformState } from "./state.ts";

/** How the tools behave. */
export interface FakeToolsOptions {
  /** The workspace meant where a call names none; `ws-self` by default. */
  readonly workspace?: string;
  /** How long a second of `timeout_secs` takes, in milliseconds; 1,000 by default. */
  readonly secondMs?: number;
  /** Changes what a message looks like: an older platform, a field that is missing, garbage. */
  readonly shape?: (message: InboxMessage) => unknown;
  /** What the peer answers to `delegate_task`; "Done." by default. */
  readonly peerAnswer?: (task: string) => string;
}

/** Lets the caller give a call up; the tool then rejects. */
export interface ToolCallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The platform's tools. They answer failure as text, and reject only when the connection to them is lost
 * (the fault `close`) or the caller gives up.
 */
export interface FakeTools {
  /** The oldest message that was not popped, or `{"timeout": true, …}`. It stays in the inbox. */
  wait_for_message(
    input: { readonly timeout_secs?: number },
    options?: ToolCallOptions,
  ): Promise<string>;
  /** The oldest messages, 10 by default, as a JSON list. They stay in the inbox. */
  inbox_peek(input: { readonly limit?: number }, options?: ToolCallOptions): Promise<string>;
  inbox_pop(input: { readonly activity_id: string }, options?: ToolCallOptions): Promise<string>;
  send_message_to_user(
    input: {
      readonly message: string;
      readonly workspace_id?: string;
      readonly attachments?: readonly unknown[];
    },
    options?: ToolCallOptions,
  ): Promise<string>;
  delegate_task(
    input: {
      readonly workspace_id: string;
      readonly task: string;
      readonly source_workspace_id?: string;
    },
    options?: ToolCallOptions,
  ): Promise<string>;
}

const defaultTimeoutSecs = 60;
const maxTimeoutSecs = 300;

/** The tools over a platform's state, in this process. One inbox holds the messages of all workspaces. */
export function fakeTools(state: PlatformState, options: FakeToolsOptions = {}): FakeTools {
  const self = options.workspace ?? "ws-self";
  const shape = options.shape ?? ((message) => message);
  const popped = new Set<string>();

  const waiting = (): ActivityRow[] =>
    state.activity
      .rows()
      .flatMap(({ row }) =>
        row !== undefined && isInbound(row) && !popped.has(row.id) ? [row] : [],
      );
  const show = (row: ActivityRow): unknown => shape(inboxMessage(state, row));

  const call = async (made: ToolCall, work: () => Answer): Promise<string> => {
    const { endpoint, workspace, input, signal } = made;
    const outcome = carryOut(state, { via: "tools", endpoint, workspace, body: input }, work);
    return shown(outcome, made, signal);
  };

  return {
    wait_for_message: async (input, { signal } = {}) => {
      const seconds = Math.min(input.timeout_secs ?? defaultTimeoutSecs, maxTimeoutSecs);
      const timeout = { timeout: true, timeout_secs: seconds };
      let isEmpty = false;
      const text = await call({ endpoint: "wait_for_message", input, signal }, () => {
        const [head] = waiting();
        isEmpty = head === undefined;
        return answer(head === undefined ? timeout : show(head));
      });
      if (!isEmpty) return text;
      await nextRow(state, () => waiting().length > 0, {
        waitMs: seconds * (options.secondMs ?? 1_000),
        signal,
      });
      const [head] = waiting();
      return head === undefined ? text : JSON.stringify(show(head));
    },
    inbox_peek: (input, { signal } = {}) =>
      call({ endpoint: "inbox_peek", input, signal }, () =>
        answer(
          waiting()
            .slice(0, input.limit ?? 10)
            .map(show),
        ),
      ),
    inbox_pop: (input, { signal } = {}) =>
      call({ endpoint: "inbox_pop", input, signal }, () => {
        const { activity_id } = input;
        const removed = waiting().some((row) => row.id === activity_id);
        popped.add(activity_id);
        return { ...answer({ removed, activity_id }), effect: removed ? "done" : "deduplicated" };
      }),
    send_message_to_user: (input, { signal } = {}) => {
      const workspace = input.workspace_id ?? self;
      return call({ endpoint: "send_message_to_user", workspace, input, signal }, () =>
        state.notify(workspace, input.message),
      );
    },
    delegate_task: (input, { signal } = {}) => {
      const workspace = input.source_workspace_id ?? self;
      return call({ endpoint: "delegate_task", workspace, input, signal }, () => {
        const made = state.delegate({ workspace, target: input.workspace_id, task: input.task });
        if (made.status !== 202) return made;
        return { ...made, body: options.peerAnswer?.(input.task) ?? "Done." };
      });
    },
  };
}

interface ToolCall {
  readonly endpoint: Endpoint;
  readonly workspace?: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
}

/** How each sending tool words what went wrong; the others hand on what the platform said. */
const wording: Readonly<Partial<Record<Endpoint, ToolWording>>> = {
  send_message_to_user: {
    success: () => "Message sent to user",
    refused: (status, error) =>
      error === "talk_to_user_disabled"
        ? "Error: this workspace is not allowed to send messages directly to the user (talk_to_user is disabled)."
        : `Error: platform returned ${status}`,
    lost: () => "Error sending message: Server disconnected without sending a response.",
  },
  delegate_task: {
    success: (text) => text,
    refused: (status, error) =>
      status === 400
        ? `Error: ${error}`
        : `DELEGATION FAILED to the peer: platform returned ${status}`,
    lost: () => "DELEGATION FAILED to the peer: the connection was closed",
  },
};

interface ToolWording {
  readonly success: (text: string) => string;
  readonly refused: (status: number, error: string) => string;
  readonly lost: () => string;
}

async function shown(outcome: Outcome, call: ToolCall, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const words = wording[call.endpoint];
  switch (outcome.kind) {
    case "hang":
      // Without a signal it hangs for good, as a server that is stuck does.
      await (signal === undefined ? new Promise<never>(() => undefined) : gone(signal));
      signal?.throwIfAborted();
      throw new TypeError("A call that hangs was neither answered nor given up.");
    case "close":
      if (outcome.isDone && words !== undefined) return words.lost();
      throw new Error(`${call.endpoint}: the connection to the tools is closed`);
    case "answer": {
      if (outcome.delayMs > 0) await sleep(outcome.delayMs, undefined, signal ? { signal } : {});
      if (outcome.isVerbatim) return outcome.text;
      if (outcome.status < 300) return words?.success(textOf(outcome.text)) ?? outcome.text;
      return (
        words?.refused(outcome.status, errorOf(outcome.text)) ??
        `Error: platform returned ${outcome.status}`
      );
    }
  }
}

function answer(body: unknown): Answer {
  return { status: 200, body, effect: "none" };
}

interface Waiting {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Resolves when a row makes `isEnough` true or the time is over; rejects when the caller gives up. */
async function nextRow(
  state: PlatformState,
  isEnough: () => boolean,
  { waitMs, signal }: Waiting,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(settle, waitMs);
    const unsubscribe = state.onRow(() => {
      if (isEnough()) settle();
    });
    signal?.addEventListener("abort", settle, { once: true });
    function settle(): void {
      clearTimeout(timer);
      unsubscribe();
      signal?.removeEventListener("abort", settle);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve();
    }
  });
}

/** A JSON string's text; any other answer as it is. */
function textOf(text: string): string {
  return text.startsWith('"') ? String(JSON.parse(text)) : text;
}

function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return String(error);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
