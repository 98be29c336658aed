import type { ServerResponse } from "node:http";
import type { Step } from "./directives.ts";
import { openEventStream } from "./event-stream.ts";
import type { EventStream } from "./event-stream.ts";
import { usageOf } from "./model.ts";
import type { Prompt } from "./model.ts";
import { toolCall } from "./tools.ts";
import type { OfferedTool } from "./tools.ts";
import { itemsOf, textOf } from "./wire.ts";
import type { Json } from "./wire.ts";

/** User messages that codex adds by itself begin with one of these. */
const harnessMessage =
  /^\s*(<(environment_context|user_instructions|permissions|turn_aborted|skills?|apps|plugins|collaboration|model_switch|recommended|user_shell_command)|# AGENTS\.md)/;

/** Reads a request of `POST /v1/responses` (OpenAI's Responses API). */
export function readResponsesPrompt(body: Json): Prompt {
  const users: string[] = [];
  let toolOutputs: string[] = [];
  const items =
    typeof body["input"] === "string"
      ? [{ role: "user", content: body["input"] }]
      : itemsOf(body["input"]);
  for (const item of items) {
    const type = typeof item["type"] === "string" ? item["type"] : "message";
    if (type.endsWith("_call_output")) toolOutputs.push(textOf(item["output"]));
    else if (type === "message" && item["role"] === "user") {
      const text = userText(item["content"]);
      if (text === undefined) continue;
      users.push(text);
      toolOutputs = [];
    }
  }
  const key = body["prompt_cache_key"];
  return { conversation: typeof key === "string" ? key : "", users, toolOutputs };
}

/** The person's own parts of a user message; `undefined` when the harness wrote all of them. */
function userText(content: unknown): string | undefined {
  const parts = Array.isArray(content) ? content.map((part) => textOf([part])) : [textOf(content)];
  const own = parts.filter((part) => !harnessMessage.test(part));
  return own.length === 0 ? undefined : own.join("\n");
}

/** The tools of a Responses request; those of a namespace one by one. */
export function readResponsesTools(body: Json): OfferedTool[] {
  return itemsOf(body["tools"]).flatMap((tool): OfferedTool[] => {
    const name = String(tool["name"] ?? tool["type"]);
    if (tool["type"] !== "namespace") return [{ name, isFreeform: tool["type"] === "custom" }];
    return itemsOf(tool["tools"]).map((inner) => ({
      name: String(inner["name"]),
      isFreeform: inner["type"] === "custom",
      namespace: name,
    }));
  });
}

/** What every event of one answer needs. */
interface Answer {
  readonly id: string;
  readonly stream: EventStream;
  readonly output: Json[];
  send(type: string, fields: Json): Promise<void>;
}

/** One model call to be answered. */
export interface ResponsesCall {
  readonly id: string;
  readonly body: Json;
  readonly prompt: Prompt;
  readonly step: Step;
}

/** Streams one model call as Responses events. */
export async function answerResponses(
  call: ResponsesCall,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { step, prompt } = call;
  const answer = openAnswer(call, openEventStream(response, step, signal));
  const base = {
    id: call.id,
    object: "response",
    created_at: 0,
    model: call.body["model"] ?? null,
  };
  await answer.send("response.created", {
    response: { ...base, status: "in_progress", output: [] },
  });
  for (const text of step.think) await reasoning(answer, text);
  const { ending } = step;
  if (ending.end === "cut" || ending.end === "hang") {
    await unfinished(answer, step.say.join("\n") || "an answer that never ends");
    return;
  }
  for (const text of step.say) await message(answer, text);
  if (ending.end === "fail") {
    const error = { code: ending.code, message: `The stub model failed with ${ending.code}.` };
    await answer.send("response.failed", {
      response: { ...base, status: "failed", output: answer.output, error },
    });
  } else {
    if (ending.end === "call") await callTool(answer, call);
    await answer.send("response.completed", {
      response: { ...base, status: "completed", output: answer.output, usage: usage(prompt) },
    });
  }
  answer.stream.end();
}

function openAnswer(call: ResponsesCall, stream: EventStream): Answer {
  let sequence = 0;
  return {
    id: call.id,
    stream,
    output: [],
    send: (type, fields) =>
      stream.send(JSON.stringify({ type, sequence_number: sequence++, ...fields }), type),
  };
}

async function reasoning(answer: Answer, text: string): Promise<void> {
  const place = { output_index: answer.output.length };
  const id = `rs_${answer.id}_${place.output_index}`;
  const part = { item_id: id, ...place, summary_index: 0 };
  await answer.send("response.output_item.added", {
    ...place,
    item: { type: "reasoning", id, summary: [] },
  });
  await answer.send("response.reasoning_summary_part.added", {
    ...part,
    part: { type: "summary_text", text: "" },
  });
  await answer.stream.pieces(text, (delta) =>
    answer.send("response.reasoning_summary_text.delta", { ...part, delta }),
  );
  await answer.send("response.reasoning_summary_text.done", { ...part, text });
  await done(answer, {
    type: "reasoning",
    id,
    summary: [{ type: "summary_text", text }],
    encrypted_content: "c3R1Yg==",
  });
}

/** Opens a message item; the returned function sends a delta of it. */
async function openMessage(
  answer: Answer,
): Promise<{ id: string; delta: (text: string) => Promise<void> }> {
  const place = { output_index: answer.output.length };
  const id = `msg_${answer.id}_${place.output_index}`;
  const part = { item_id: id, ...place, content_index: 0 };
  await answer.send("response.output_item.added", {
    ...place,
    item: { type: "message", id, role: "assistant", status: "in_progress", content: [] },
  });
  await answer.send("response.content_part.added", {
    ...part,
    part: { type: "output_text", text: "", annotations: [] },
  });
  return { id, delta: (delta) => answer.send("response.output_text.delta", { ...part, delta }) };
}

async function message(answer: Answer, text: string): Promise<void> {
  const { id, delta } = await openMessage(answer);
  await answer.stream.pieces(text, delta);
  await done(answer, {
    type: "message",
    id,
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }],
  });
}

async function unfinished(answer: Answer, text: string): Promise<void> {
  const { delta } = await openMessage(answer);
  await answer.stream.failAfter(text, delta);
}

async function callTool(answer: Answer, call: ResponsesCall): Promise<void> {
  const { ending } = call.step;
  if (ending.end !== "call") return;
  const { name, namespace, input, text } = toolCall(ending.request, readResponsesTools(call.body));
  const index = answer.output.length;
  const common = {
    id: `fc_${answer.id}_${index}`,
    call_id: `call_${answer.id}_${index}`,
    status: "completed",
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
  const item =
    text === undefined
      ? { type: "function_call", ...common, arguments: JSON.stringify(input) }
      : { type: "custom_tool_call", ...common, input: text };
  await answer.send("response.output_item.added", {
    output_index: index,
    item: { ...item, status: "in_progress" },
  });
  await done(answer, item);
}

async function done(answer: Answer, item: Json): Promise<void> {
  await answer.send("response.output_item.done", { output_index: answer.output.length, item });
  answer.output.push(item);
}

function usage(prompt: Prompt): Json {
  const { input, cached, output, reasoning: thought } = usageOf(prompt);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: thought },
    total_tokens: input + output,
  };
}
