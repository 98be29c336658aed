import { createHash } from "node:crypto";
import {
  type Json,
  type JsonObject,
  type QuestionText,
  type RunnerEnd,
  type RunnerEvent,
  type Turn,
  type TurnIo,
} from "@agent-bridge/core";
import type { ModelMessage } from "ai";
import type { AgentTool, AgentTools } from "./agent-tools.ts";
import { messagesOf, openCalls, withResult } from "./history.ts";

/** What the model is told of a call that a person declined. */
const declinedText =
  "A person was asked and declined this call. It was not carried out. Do not repeat it.";

type OpenCall = ReturnType<typeof openCalls>[number];

/**
 * How a turn ends that waits for a person: with the question about the first call that has no result. Everything that
 * the model has said goes with it, so that any later process can go on.
 */
export function askFor(
  messages: readonly ModelMessage[],
  { toolName, input }: OpenCall,
  tools: AgentTools,
): RunnerEnd {
  const tool = tools.byModelName.get(toolName)?.name ?? toolName;
  const details = { tool, input: input as Json } satisfies JsonObject;
  const question: QuestionText = {
    type: "approval",
    title: `Call the tool ${tool}?`,
    details,
    bindsTo: createHash("sha256").update(JSON.stringify(details)).digest("hex"),
  };
  return { type: "end", outcome: "suspended", question, state: { messages } as unknown as Json };
}

/**
 * Carries out, or not, the call that a suspended turn asked about.
 *
 * @returns the messages with its result
 */
export async function* settle(
  answered: NonNullable<Turn["answered"]>,
  tools: AgentTools,
  io: Pick<TurnIo, "begins" | "signal">,
): AsyncGenerator<RunnerEvent, readonly ModelMessage[]> {
  const messages = messagesOf(answered.state);
  const [call] = openCalls(messages);
  if (call === undefined) return messages;
  const { toolCallId, toolName, input } = call;
  const tool = tools.byModelName.get(toolName);
  const name = tool?.name ?? toolName;
  yield { type: "tool_call", callId: toolCallId, name, input: input as Json };
  const result = await carryOut(
    { tool, input, isAccepted: answered.answer.action === "accept" },
    io,
  );
  const status = result.isError ? "error" : "ok";
  yield { type: "tool_result", callId: toolCallId, status, output: result.text };
  return withResult(messages, { toolCallId, toolName, ...result });
}

async function carryOut(
  of: {
    readonly tool: AgentTool | undefined;
    readonly input: unknown;
    readonly isAccepted: boolean;
  },
  io: Pick<TurnIo, "begins" | "signal">,
): Promise<{ readonly text: string; readonly isError: boolean }> {
  if (!of.isAccepted) return { text: declinedText, isError: true };
  if (of.tool === undefined) return { text: "This tool is no longer there.", isError: true };
  await io.begins();
  return await of.tool.call(of.input, io.signal);
}
