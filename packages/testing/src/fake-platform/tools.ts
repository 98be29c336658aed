import { setTimeout as sleep } from "node:timers/promises";
import { gone } from "../loopback/server.ts";
import { carryOut } from "./calls.ts";
import type { Endpoint } from "./faults.ts";
import { inboxMessage, isInbound } from "./inbox.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Answer } from "./outgoing.ts";
import type { PlatformState } from "./state.ts";

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
  return { ...receivingTools(state, options), ...sendingTools(state, options) };
}

function receivingTools(
  state: PlatformState,
  options: FakeToolsOptions,
): Pick<FakeTools, "wait_for_message" | "inbox_peek" | "inbox_pop"> {
  const popped = new Set<string>();
  const waiting = (): unknown[] => {
    const rows = state.activity.rows().flatMap(({ row }) => row ?? []);
    const messages = rows
      .filter((row) => isInbound(row) && !popped.has(row.id))
      .map((row) => inboxMessage(state, row));
    return options.shape === undefined ? messages : messages.map(options.shape);
  };
  const isWaiting = (id: string): boolean =>
    !popped.has(id) && state.activity.rows().some(({ row }) => row?.id === id && isInbound(row));

  return {
    wait_for_message: async (input, { signal } = {}) => {
      const seconds = Math.min(input.timeout_secs ?? defaultTimeoutSecs, maxTimeoutSecs);
      const timeout = { timeout: true, timeout_secs: seconds };
      const call: ToolCall = { endpoint: "wait_for_message", input, signal };
      const text = await callTool(state, call, () => answer(waiting()[0] ?? timeout));
      if (text !== JSON.stringify(timeout)) return text;
      await nextRow(state, () => waiting().length > 0, {
        waitMs: seconds * (options.secondMs ?? 1_000),
        signal,
      });
      return JSON.stringify(waiting()[0] ?? timeout);
    },
    inbox_peek: (input, { signal } = {}) =>
      callTool(state, { endpoint: "inbox_peek", input, signal }, () =>
        answer(waiting().slice(0, input.limit ?? 10)),
      ),
    inbox_pop: (input, { signal } = {}) =>
      callTool(state, { endpoint: "inbox_pop", input, signal }, () => {
        const { activity_id } = input;
        const removed = isWaiting(activity_id);
        popped.add(activity_id);
        const effect = removed ? "done" : "deduplicated";
        return { ...answer({ removed, activity_id }), effect };
      }),
  };
}

function sendingTools(
  state: PlatformState,
  options: FakeToolsOptions,
): Pick<FakeTools, "send_message_to_user" | "delegate_task"> {
  const self = options.workspace ?? "ws-self";
  return {
    send_message_to_user: (input, { signal } = {}) => {
      const workspace = input.workspace_id ?? self;
      const call: ToolCall = { endpoint: "send_message_to_user", workspace, input, signal };
      return callTool(state, call, () => state.notify(workspace, input.message, input.attachments));
    },
    delegate_task: (input, { signal } = {}) => {
      const workspace = input.source_workspace_id ?? self;
      const { workspace_id: target, task } = input;
      return callTool(state, { endpoint: "delegate_task", workspace, input, signal }, () => {
        const made = state.delegate({ workspace, target, task });
        if (made.effect !== "done") return made;
        return { ...made, body: options.peerAnswer?.(task) ?? "Done." };
      });
    },
  };
}

interface ToolCall {
  readonly endpoint: Endpoint;
  readonly workspace?: string | undefined;
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

async function callTool(state: PlatformState, call: ToolCall, work: () => Answer): Promise<string> {
  const { endpoint, workspace, input, signal } = call;
  signal?.throwIfAborted();
  const outcome = carryOut(state, { via: "tools", endpoint, workspace, body: input }, work);
  const words = wording[endpoint];
  if (outcome.kind === "hang") return hang(signal);
  if (outcome.kind === "close") {
    if (outcome.isDone && words !== undefined) return words.lost();
    throw new Error(`${endpoint}: the connection to the tools is closed`);
  }
  const { status, text, delayMs, isVerbatim } = outcome;
  if (delayMs > 0) await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  if (isVerbatim) return text;
  if (status < 300) return words?.success(textOf(text)) ?? text;
  return words?.refused(status, errorOf(text)) ?? `Error: platform returned ${status}`;
}

/** Rejects when the caller gives up; without a signal it hangs for good, as a server that is stuck does. */
async function hang(signal: AbortSignal | undefined): Promise<never> {
  if (signal === undefined) return new Promise<never>(() => undefined);
  await gone(signal);
  throw signal.reason as Error;
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
  signal?.throwIfAborted();
  // From here to the subscription nothing may wait, or a row could come unseen.
  if (isEnough()) return;
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
