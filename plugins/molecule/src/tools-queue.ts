import { BridgeError } from "@agent-bridge/core";
import type { Clock, Delivery, JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import type { CallTool, ToolAnswer } from "./tool-call.ts";
import type { MoleculeTools } from "./tools.ts";

/** The queue behind the tools. */
export interface ToolsQueueOptions {
  readonly channel: string;
  readonly tools: MoleculeTools;
  readonly call: CallTool;
  /** The workspace of messages that name none. */
  readonly workspaceId: string;
  readonly clock: Clock;
}

/** Waits up to `waitMs` for messages. */
export type ReceiveDeliveries = (
  waitMs: number,
  signal: AbortSignal,
) => Promise<readonly Delivery[]>;

/** The longest `timeout_secs` that the platform takes. */
const maxTimeoutSecs = 300;

/** How many messages are read ahead, and the pause between two looks while the head is being worked on. */
const peekCount = 100;
const peekPauseMs = 1_000;

const messageSchema = z.looseObject({
  activity_id: z.string().min(1),
  kind: z.string().nullish(),
  arrival_workspace_id: z.string().nullish(),
  workspace_id: z.string().nullish(),
});

/** Receives the head of the queue alone. */
export function headOnly(options: ToolsQueueOptions): ReceiveDeliveries {
  return async (waitMs, signal) => {
    const head = await readHead(options, { waitMs, signal });
    return head === null ? [] : [head];
  };
}

/**
 * Receives what is behind the head too, each message once. What was received and is still there when a
 * wait ends is received again: so a message whose acceptance failed is not lost.
 */
export function readingAhead(options: ToolsQueueOptions): ReceiveDeliveries {
  const { clock } = options;
  const handedOver = new Set<string>();
  return async (waitMs, signal) => {
    const endAt = clock.steady() + waitMs;
    for (;;) {
      const head = await readHead(options, { waitMs: endAt - clock.steady(), signal });
      if (head === null) return [];
      const behind = await readQueue(options, signal);
      const all = [head, ...behind.filter(({ id }) => id !== head.id)];
      const ids = new Set(all.map(({ id }) => id));
      for (const id of handedOver) if (!ids.has(id)) handedOver.delete(id);
      const fresh = all.filter(({ id }) => !handedOver.has(id));
      for (const { id } of fresh) handedOver.add(id);
      if (fresh.length > 0) return fresh;
      const leftMs = endAt - clock.steady();
      if (leftMs <= 0) return all;
      await clock.sleep(Math.min(peekPauseMs, leftMs), signal);
    }
  };
}

/** The head of the queue; null when the wait ended without one. */
async function readHead(
  { channel, tools, call, workspaceId }: ToolsQueueOptions,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<Delivery | null> {
  const invalid = (detail: string): BridgeError =>
    new BridgeError("CHANNEL_ANSWER_INVALID", { channel, detail });
  const secs = Math.min(Math.max(waitMs, 0) / 1_000, maxTimeoutSecs);
  const answer = await call("wait_for_message", {
    signal,
    waitMs: secs * 1_000,
    run: (options) => tools.wait_for_message({ timeout_secs: secs }, options),
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
}

/** The whole queue. A message that can not be told from others is left until it is the head. */
async function readQueue(
  { channel, tools, call, workspaceId }: ToolsQueueOptions,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  const answer = await call("inbox_peek", {
    signal,
    waitMs: 0,
    run: async (options) => tools.inbox_peek?.({ limit: peekCount }, options),
  });
  const list = parsed(answer);
  if (Array.isArray(list)) {
    return list.flatMap((message: unknown) => toDelivery(message, workspaceId) ?? []);
  }
  throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel, detail: "inbox_peek gave no list" });
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
