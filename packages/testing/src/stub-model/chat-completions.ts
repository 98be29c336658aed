import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gone, sendJson } from "../loopback/server.ts";
import type { Step } from "./directives.ts";
import { openEventStream } from "./event-stream.ts";
import { usageOf } from "./model.ts";
import type { Prompt } from "./model.ts";
import { toolCall } from "./tools.ts";
import type { OfferedTool } from "./tools.ts";
import { itemsOf, recordOf, textOf } from "./wire.ts";
import type { Json } from "./wire.ts";

/** How much of a tool call's JSON is streamed at once, in characters. */
const argumentPiece = 12;

/** Reads a request of `POST /v1/chat/completions`. */
export function readChatPrompt(body: Json): Prompt {
  const users: string[] = [];
  let toolOutputs: string[] = [];
  for (const message of itemsOf(body["messages"])) {
    if (message["role"] === "tool") toolOutputs.push(textOf(message["content"]));
    else if (message["role"] === "user") {
      users.push(textOf(message["content"]));
      toolOutputs = [];
    }
  }
  return { conversation: "", users, toolOutputs };
}

function readChatTools(body: Json): OfferedTool[] {
  return itemsOf(body["tools"]).map((tool) => ({
    name: String(recordOf(tool["function"])["name"]),
    isFreeform: false,
  }));
}

/** One model call to be answered. */
export interface ChatCall {
  readonly id: string;
  readonly body: Json;
  readonly prompt: Prompt;
  readonly step: Step;
}

/** Answers one model call, as a stream or whole, as the request asks. */
export async function answerChat(
  call: ChatCall,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  await (call.body["stream"] === true ? streamed : whole)(call, response, signal);
}

/** The tool calls of a step in the protocol's form; none for a message. */
function toolCallsOf(call: ChatCall): Json[] {
  const { ending } = call.step;
  if (ending.end !== "call") return [];
  const { name, input } = toolCall(ending.request, readChatTools(call.body));
  const id = `call_${call.id}`;
  return [{ id, type: "function", function: { name, arguments: JSON.stringify(input) } }];
}

async function whole(call: ChatCall, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const { ending, slowMs } = call.step;
  if (slowMs > 0) await sleep(slowMs, undefined, { signal });
  if (ending.end === "hang") await gone(signal);
  if (ending.end === "hang" || ending.end === "cut") response.destroy();
  else if (ending.end === "fail") sendJson(response, 500, failure(ending.code));
  else sendJson(response, 200, completion(call));
}

function completion(call: ChatCall): Json {
  const { say, think } = call.step;
  const calls = toolCallsOf(call);
  const message = {
    role: "assistant",
    content: say.length === 0 && calls.length > 0 ? null : say.join("\n"),
    ...(think.length === 0 ? {} : { reasoning_content: think.join("\n") }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const finish_reason = calls.length === 0 ? "stop" : "tool_calls";
  return {
    ...head(call, "chat.completion"),
    choices: [{ index: 0, message, finish_reason }],
    usage: usage(call.prompt),
  };
}

async function streamed(
  call: ChatCall,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { step } = call;
  const stream = openEventStream(response, step, signal);
  const chunk = (fields: Json): Promise<void> =>
    stream.send(JSON.stringify({ ...head(call, "chat.completion.chunk"), ...fields }));
  const delta = (part: Json, finish_reason: string | null = null): Promise<void> =>
    chunk({ choices: [{ index: 0, delta: part, finish_reason }] });

  await delta({ role: "assistant", content: "" });
  await stream.pieces(step.think.join("\n"), (piece) => delta({ reasoning_content: piece }));
  const text = step.say.join("\n");
  const sendText = (piece: string): Promise<void> => delta({ content: piece });
  if (await stream.failAfter(text || "an answer that never ends", sendText)) return;
  await stream.pieces(text, sendText);
  if (step.ending.end === "fail") await chunk(failure(step.ending.code));
  else {
    const calls = toolCallsOf(call);
    for (const tool of calls) await streamCall(tool, delta);
    await delta({}, calls.length === 0 ? "stop" : "tool_calls");
    await chunk({ choices: [], usage: usage(call.prompt) });
  }
  await stream.send("[DONE]");
  stream.end();
}

async function streamCall(tool: Json, delta: (part: Json) => Promise<void>): Promise<void> {
  const { name, arguments: json } = recordOf(tool["function"]);
  const text = String(json);
  await delta({ tool_calls: [{ ...tool, index: 0, function: { name, arguments: "" } }] });
  for (let start = 0; start < text.length; start += argumentPiece) {
    const piece = text.slice(start, start + argumentPiece);
    await delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
  }
}

function head(call: ChatCall, object: string): Json {
  return { id: `chatcmpl-${call.id}`, object, created: 0, model: call.body["model"] ?? null };
}

function failure(code: string): Json {
  return { error: { message: `The stub model failed with ${code}.`, type: "stub_error", code } };
}

function usage(prompt: Prompt): Json {
  const { input, cached, output, reasoning } = usageOf(prompt);
  return {
    prompt_tokens: input,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens: output,
    completion_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
