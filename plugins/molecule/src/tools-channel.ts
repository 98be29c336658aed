import { BridgeError, defineChannel } from "@agent-bridge/core";
import type { Channel, ChannelFailure, Clock, Delivery, JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { channelFailed, failureText, quoted, textVerdict } from "./failure.ts";
import { parseDestination } from "./http-channel.ts";
import { callTool } from "./tool-call.ts";
import type { ToolAnswer, ToolCall, ToolCallOptions } from "./tool-call.ts";

/**
 * The platform's tools, called with named arguments as its MCP server takes them. They answer failure as
 * text; a thrown error means that the tool itself was not reached.
 */
export interface MoleculeTools {
  /** The head of the queue, which stays there, or `{"timeout": true}`. */
  wait_for_message(
    input: { readonly timeout_secs: number },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  /** The first messages of the queue, as a list. */
  inbox_peek?(input: { readonly limit: number }, options?: ToolCallOptions): Promise<ToolAnswer>;
  inbox_pop(
    input: { readonly activity_id: string },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  send_message_to_user(
    input: { readonly message: string; readonly workspace_id?: string },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
  delegate_task(
    input: {
      readonly workspace_id: string;
      readonly task: string;
      readonly source_workspace_id?: string;
    },
    options?: ToolCallOptions,
  ): Promise<ToolAnswer>;
}

/** An inbox behind tools. */
export interface MoleculeToolsOptions {
  /** The channel's name; it must stay the same over restarts. */
  readonly name: string;
  readonly tools: MoleculeTools;
  /** The workspace of messages that name none; "" by default, and then the tools' own. */
  readonly workspaceId?: string;
  readonly clock: Clock;
}

/** A channel over tools, with all that its contract leaves open. */
export interface MoleculeToolsChannel extends Channel {
  receive: NonNullable<Channel["receive"]>;
  send: NonNullable<Channel["send"]>;
  ack: NonNullable<Channel["ack"]>;
}

/** The longest `timeout_secs` that the platform takes. */
const maxTimeoutSecs = 300;

/** How long each tool may take, in milliseconds; `wait_for_message` that much longer than it was asked to wait. */
const limitsMs = { wait: 15_000, peek: 15_000, pop: 15_000, notify: 60_000, delegate: 330_000 };

/** How many messages are read ahead, and the pause between two looks while the head is being worked on. */
const peekCount = 100;
const peekPauseMs = 1_000;

/** The texts by which each operation tells a failure. A peer may begin its answer with the word "Error" alone. */
const failurePatterns = {
  wait_for_message: /^error\b/i,
  inbox_peek: /^error\b/i,
  inbox_pop: /^error\b/i,
  send_message_to_user: /^error\b/i,
  delegate_task: /^(error:|delegation failed)/i,
} as const;

const ackSchema = z.strictObject({ activityId: z.string() });

const messageSchema = z.looseObject({
  activity_id: z.string().min(1),
  kind: z.string().nullish(),
  arrival_workspace_id: z.string().nullish(),
  workspace_id: z.string().nullish(),
});

/**
 * An inbox behind the platform's tools: a queue whose head stays until it is popped. With `inbox_peek` the
 * messages behind the head are received too, so that one long turn does not hold up all others. What was
 * received and is still there when a wait ends is received again: a lost acknowledgement is so repeated.
 */
export function moleculeToolsChannel(options: MoleculeToolsOptions): MoleculeToolsChannel {
  const { name, tools, clock, workspaceId = "" } = options;
  const { inbox_peek: peek } = tools;
  const handedOver = new Set<string>();

  const invalid = (detail: string): BridgeError =>
    new BridgeError("CHANNEL_ANSWER_INVALID", { channel: name, detail });

  const call = async (
    tool: keyof typeof failurePatterns,
    operation: ChannelFailure["operation"],
    asked: Pick<ToolCall, "limitMs" | "signal" | "call">,
  ): Promise<ToolAnswer> => {
    const answer = await callTool({ ...asked, channel: name, operation, clock });
    const text = failureText(answer, failurePatterns[tool]);
    if (text === null) return answer;
    const detail = `${tool}: ${quoted(text)}`;
    throw channelFailed({ channel: name, operation, detail, ...textVerdict(text) });
  };

  /** The head of the queue; null when the wait ended without one. */
  const head = async (waitMs: number, signal: AbortSignal): Promise<Delivery | null> => {
    const secs = Math.min(Math.max(waitMs, 0) / 1_000, maxTimeoutSecs);
    const answer = await call("wait_for_message", "receive", {
      limitMs: secs * 1_000 + limitsMs.wait,
      signal,
      call: (callOptions) => tools.wait_for_message({ timeout_secs: secs }, callOptions),
    });
    const value = parsed(answer);
    if (value === undefined) throw invalid("it is not JSON");
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalid("it is no object");
    }
    if ("timeout" in value && value.timeout === true) return null;
    const delivery = toDelivery(value, workspaceId);
    if (delivery === null) throw invalid("it has no activity_id");
    return delivery;
  };

  /** What waits behind the head. A message that can not be told from others is left until it is the head. */
  const queued = async (signal: AbortSignal): Promise<readonly Delivery[]> => {
    const answer = await call("inbox_peek", "receive", {
      limitMs: limitsMs.peek,
      signal,
      call: async (callOptions) => peek?.call(tools, { limit: peekCount }, callOptions),
    });
    const list = parsed(answer);
    if (!Array.isArray(list)) throw invalid("inbox_peek gave no list");
    return list.flatMap((message: unknown) => toDelivery(message, workspaceId) ?? []);
  };

  const receiveAhead = async (
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> => {
    const endAt = clock.steady() + waitMs;
    for (;;) {
      const first = await head(endAt - clock.steady(), signal);
      if (first === null) return [];
      const rest = await queued(signal);
      const all = [first, ...rest.filter(({ id }) => id !== first.id)];
      const ids = new Set(all.map(({ id }) => id));
      for (const id of handedOver) if (!ids.has(id)) handedOver.delete(id);
      const fresh = all.filter(({ id }) => !handedOver.has(id));
      const leftMs = endAt - clock.steady();
      if (fresh.length > 0 || leftMs <= 0) {
        for (const { id } of fresh) handedOver.add(id);
        return fresh.length > 0 ? fresh : all;
      }
      await clock.sleep(Math.min(peekPauseMs, leftMs), signal);
    }
  };

  return defineChannel({
    name,
    inbox: "queue",
    readsAhead: peek !== undefined,

    receive: async ({ waitMs, signal }) => {
      if (peek !== undefined) {
        return { deliveries: await receiveAhead(waitMs, signal), next: null };
      }
      const delivery = await head(waitMs, signal);
      return { deliveries: delivery === null ? [] : [delivery], next: null };
    },

    send: async ({ destination, text }, { signal }) => {
      const to = parseDestination(destination, name);
      if (to.to === "user") {
        await call("send_message_to_user", "send", {
          limitMs: limitsMs.notify,
          signal,
          call: (callOptions) =>
            tools.send_message_to_user(
              { message: text, ...(to.workspace === "" ? {} : { workspace_id: to.workspace }) },
              callOptions,
            ),
        });
      } else {
        await call("delegate_task", "send", {
          limitMs: limitsMs.delegate,
          signal,
          call: (callOptions) =>
            tools.delegate_task(
              {
                workspace_id: to.peer,
                task: text,
                ...(to.source === "" ? {} : { source_workspace_id: to.source }),
              },
              callOptions,
            ),
        });
      }
      return { ref: null };
    },

    deduplicates: () => false,

    ack: async (ref, { signal }) => {
      const { activityId } = ackSchema.parse(ref);
      await call("inbox_pop", "ack", {
        limitMs: limitsMs.pop,
        signal,
        call: (callOptions) => tools.inbox_pop({ activity_id: activityId }, callOptions),
      });
    },
  });
}

/** A tool's text is JSON; undefined when it is not. */
function parsed(answer: ToolAnswer): unknown {
  if (typeof answer !== "string") return answer;
  try {
    return JSON.parse(answer) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A message of the queue; null when it can not be told from others. */
function toDelivery(value: unknown, workspaceId: string): Delivery | null {
  const message = messageSchema.safeParse(value);
  if (!message.success) return null;
  const {
    activity_id: id,
    kind,
    arrival_workspace_id: arrival,
    workspace_id: older,
  } = message.data;
  return {
    id,
    kind: kind || "(none)",
    workspace: arrival || older || workspaceId,
    // Parsed from JSON, so it is plain data.
    payload: value as JsonObject,
    ack: { activityId: id },
  };
}
