import type { Handle, JsonObject, Logger } from "@agent-bridge/core";
import {
  type CallToolResult,
  MissingRequiredClientCapabilityError,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { callTool } from "../src/call-tool.ts";
import { createdTask, taskMethods, tasksExtension, type TaskMethod } from "../src/native-tasks.ts";
import { taskStart } from "../src/tools/task-start.ts";
import type { ToolCall } from "../src/tool.ts";
import { text } from "./fixture-content.ts";
import { nameRound, nextRound } from "./fixture-inputs.ts";

/** The prompt for the agent behind each of the suite's task tools. */
const prompts: Readonly<Record<string, (input: Record<string, unknown>) => string>> = {
  slow_compute: ({ seconds = 0 }) => `sleep ${Number(seconds)}`,
  failing_job: () => "fail",
  protocol_error_job: () => "panic",
  confirm_delete: ({ filename = "it" }) => `ask Delete ${String(filename)}?`,
  multi_input: () => "ask Two things",
  test_tool_with_task: () => "say",
};

export const taskTools = [...Object.keys(prompts), "greet"];

/** Tools that can not answer a client without tasks. */
const needsTasks: ReadonlySet<string> = new Set(["failing_job", "test_tool_with_task"]);

/** How long a client without tasks is kept waiting. */
const waitSeconds = 20;

const nameIn = ({ mcpReq }: ServerContext): string => {
  const response = mcpReq.inputResponses?.["user_name"] as
    | { content?: { name?: string } }
    | undefined;
  return response?.content?.name ?? "nobody";
};

/** Calls one of them: by `task_start`, as any client would. */
export async function callTask(
  name: string,
  of: { call: ToolCall; context: ServerContext; logger: Logger; input: Record<string, unknown> },
): Promise<CallToolResult> {
  const { call, context, logger, input } = of;
  if (name === "greet") return { content: [text(`Hello, ${String(input["name"])}!`)] };
  if (needsTasks.has(name) && !call.asTask) {
    const requiredCapabilities = { extensions: { [tasksExtension]: {} } };
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
  }
  if (name === "test_tool_with_task") {
    const round = nextRound(nameRound, context);
    if (round !== undefined) return round as unknown as CallToolResult;
  }
  const said = prompts[name]?.(input) ?? "";
  const prompt = name === "test_tool_with_task" ? `say Hello, ${nameIn(context)}!` : said;
  const start = { prompt, wait_seconds: waitSeconds };
  const result = await callTool(taskStart, call, { input: start, logger });
  if (call.asTask && result.began !== undefined) return createdTask(result.began) as CallToolResult;
  return {
    content: [text(JSON.stringify(result.value))],
    ...(result.isError ? { isError: true } : {}),
  };
}

type Context = Parameters<TaskMethod["call"]>[0];

/** The agents of the bridge ask one thing at a time; this tool's one question stands here for two. */
const halves = ["first", "second"] as const;
const answered = new Map<string, Set<string>>();

const promptOf = async (handle: Handle, taskId: string): Promise<string> =>
  (await handle.task(taskId)).input.prompt;

async function getTask(context: Context, taskId: string, real: JsonObject): Promise<JsonObject> {
  const prompt = await promptOf(context.handle, taskId);
  const { result, inputRequests, ...fields } = real;
  if (prompt === "panic" && result !== undefined) {
    // No agent of the bridge fails the protocol: its failures are results.
    return { ...fields, status: "failed", error: { code: -32_603, message: "It panicked." } };
  }
  if (prompt !== "ask Two things" || inputRequests === undefined) return real;
  const [key = "", request = {}] = Object.entries(inputRequests as JsonObject)[0] ?? [];
  const done = answered.get(taskId) ?? new Set();
  const open = halves.map((half) => `${key}-${half}`).filter((half) => !done.has(half));
  return { ...fields, inputRequests: Object.fromEntries(open.map((half) => [half, request])) };
}

/** The responses to the halves of a question: it is answered when both are there. */
async function responsesFor(
  handle: Handle,
  of: { taskId: string; given: JsonObject },
): Promise<JsonObject> {
  if ((await promptOf(handle, of.taskId)) !== "ask Two things") return of.given;
  const done = answered.get(of.taskId) ?? new Set<string>();
  answered.set(of.taskId, done);
  for (const key of Object.keys(of.given))
    if (halves.some((half) => key.endsWith(`-${half}`))) done.add(key);
  const [key] = Object.keys(of.given);
  return done.size < halves.length || key === undefined
    ? {}
    : { [key.slice(0, key.lastIndexOf("-"))]: of.given[key] ?? {} };
}

/** The methods of the extension, with what only the suite's fixtures need put around them. */
export async function callTaskMethod(
  name: string,
  context: Context,
  params: { taskId: string; inputResponses?: JsonObject },
): Promise<JsonObject> {
  const { taskId } = params;
  const method = taskMethods[name];
  if (method === undefined) throw new TypeError(`There is no method ${name}.`);
  if (name === "tasks/get")
    return await getTask(context, taskId, await method.call(context, params));
  if (name !== "tasks/update") return await method.call(context, params);
  const given = params.inputResponses ?? {};
  const inputResponses = await responsesFor(context.handle, { taskId, given });
  return await method.call(context, { ...params, inputResponses });
}
