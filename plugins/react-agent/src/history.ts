import { Buffer } from "node:buffer";
import type { JsonObject, Session } from "@agent-bridge/core";
import { modelMessageSchema, type ModelMessage } from "ai";
import * as z from "zod";

const stateSchema = z.object({ messages: z.array(modelMessageSchema) });

/** What an open tool call is closed with: the model has to see an end of every call that it made. */
export const cutOffText =
  "The turn was cut off before this call had a result. It may or may not have been carried out.";

/** The messages that a session or a suspended turn kept. What is no list of messages is an empty one. */
export function messagesOf(state: unknown): ModelMessage[] {
  return stateSchema.safeParse(state).data?.messages ?? [];
}

/** The session with these messages; calls without a result are closed as cut off. */
export function sessionOf(id: string, messages: readonly ModelMessage[]): Session {
  return { id, state: { messages: closed(messages) } as unknown as JsonObject };
}

/** The tool calls that have no result yet, in their order. */
export function openCalls(messages: readonly ModelMessage[]): readonly {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
}[] {
  const ended = new Set(
    messages
      .flatMap((message) => (message.role === "tool" ? message.content : []))
      .flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : [])),
  );
  return messages
    .flatMap(({ role, content }) =>
      role === "assistant" && typeof content === "object" ? content : [],
    )
    .filter((part) => part.type === "tool-call")
    .filter(({ toolCallId }) => !ended.has(toolCallId));
}

/** The messages with a tool's result put behind them, joined with the results that came just before. */
export function withResult(
  messages: readonly ModelMessage[],
  result: {
    readonly toolCallId: string;
    readonly toolName: string;
    readonly text: string;
    readonly isError: boolean;
  },
): ModelMessage[] {
  const { toolCallId, toolName, text, isError } = result;
  const type = isError ? ("error-text" as const) : ("text" as const);
  const part = {
    type: "tool-result" as const,
    toolCallId,
    toolName,
    output: { type, value: text },
  };
  const last = messages.at(-1);
  if (last?.role !== "tool") return [...messages, { role: "tool", content: [part] }];
  return [...messages.slice(0, -1), { role: "tool", content: [...last.content, part] }];
}

function closed(messages: readonly ModelMessage[]): ModelMessage[] {
  let all = [...messages];
  for (const { toolCallId, toolName } of openCalls(messages))
    all = withResult(all, { toolCallId, toolName, text: cutOffText, isError: true });
  return all;
}

const bytesOf = (messages: readonly ModelMessage[]): number =>
  Buffer.byteLength(JSON.stringify(messages));

/**
 * As much of the conversation as fits, the newest turns: a turn begins with a user's message and is kept whole.
 * The last one is kept in any case; where it alone is too large, without what its tools said.
 */
export function recent(
  messages: readonly ModelMessage[],
  maxBytes: number,
): { readonly messages: ModelMessage[]; readonly dropped: boolean } {
  const starts = messages.flatMap(({ role }, place) => (role === "user" ? [place] : []));
  for (const start of starts) {
    const kept = messages.slice(start);
    if (bytesOf(kept) <= maxBytes) return { messages: kept, dropped: start > 0 };
  }
  const last = messages.slice(starts.at(-1) ?? 0);
  return { messages: last.map(withoutOutput), dropped: last.length > 0 };
}

const leftOut = "(left out: the turn has become too long)";

function withoutOutput(message: ModelMessage): ModelMessage {
  if (message.role !== "tool") return message;
  const content = message.content.map((part) =>
    part.type === "tool-result"
      ? { ...part, output: { type: "text" as const, value: leftOut } }
      : part,
  );
  return { role: "tool", content };
}
