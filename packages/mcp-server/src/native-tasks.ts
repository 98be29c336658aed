import {
  BridgeError,
  type Handle,
  type Json,
  type JsonObject,
  type Question,
  type Task,
} from "@agent-bridge/core";
import * as z from "zod";
import { resultOf, type ToolResult } from "./call-tool.ts";
import { outcome } from "./outcome.ts";
import { questionsOf, statusOf, type WireStatus } from "./task-view.ts";
import { answerOnce } from "./tools/task-act.ts";
import { pairMetadata, pairOutcome } from "./tools/runner-pair.ts";
import { isoTime } from "./wire.ts";

/**
 * The tasks extension (SEP-2663): a client that declares it in a request is answered with a task instead of
 * its result, and asks for the result later. The tasks are the bridge's own, under their own ids.
 */
export const tasksExtension = "io.modelcontextprotocol/tasks";

/** How often a client should ask. */
const pollIntervalMs = 1000;

const declaration = z.object({ extensions: z.record(z.string(), z.unknown()) });

/** True where the capabilities that came with a request name the extension. */
export function declaresTasks(capabilities: unknown): boolean {
  const parsed = declaration.safeParse(capabilities);
  return parsed.success && Object.hasOwn(parsed.data.extensions, tasksExtension);
}

/** The extension's word for each status. A failure of the agent's is a result, with `isError`. */
const words = {
  pending: "working",
  running: "working",
  input_required: "input_required",
  completed: "completed",
  failed: "completed",
  cancelled: "cancelled",
} as const satisfies Record<WireStatus, string>;

function taskFields(task: Task, changedAt: number): JsonObject {
  const status = words[statusOf(task)];
  return {
    taskId: task.id,
    status,
    ...(task.error === null ? {} : { statusMessage: task.error.message.slice(0, 500) }),
    createdAt: isoTime(task.createdAt),
    lastUpdatedAt: isoTime(changedAt),
    ttlMs: null,
    pollIntervalMs,
  };
}

const lastChange = (task: Task, asked: readonly Question[] = []): number =>
  Math.max(
    task.endedAt ?? task.startedAt ?? task.createdAt,
    ...asked.map(({ askedAt }) => askedAt),
  );

/** What a tool call is answered with that has begun a task: the task is durable by then. */
export function createdTask(task: Task): JsonObject {
  // The SDK wants content in every result of a tool.
  return { resultType: "task", ...taskFields(task, lastChange(task)), content: [] };
}

/** What an input question asks for, where it brings a form of its own; else a text. */
const ownForm = z.object({
  type: z.literal("object"),
  properties: z.record(z.string(), z.unknown()),
});
const textForm = {
  type: "object",
  properties: { answer: { type: "string", title: "Answer" } },
  required: ["answer"],
} as const;

function formOf({ type, details }: Question): JsonObject {
  if (type === "approval") return { type: "object", properties: {} };
  const form = ownForm.loose().safeParse(details["form"]);
  return form.success ? (form.data as JsonObject) : textForm;
}

/** A question as the client puts it to its user: to accept or decline it is the answer to an approval. */
function inputRequest(question: Question): JsonObject {
  const shown = Object.entries(question.details).map(
    ([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const message = [question.title, ...shown].join("\n").slice(0, 8000);
  const params = { mode: "form", message, requestedSchema: formOf(question) };
  return { method: "elicitation/create", params };
}

/** The answer of the tool that began a task, now that it has ended. */
function finalResult(task: Task, answerBytes: number): ToolResult {
  const ended = { task, questions: [], timedOut: false };
  const isOfPair = typeof task.metadata[pairMetadata] === "string";
  return resultOf(isOfPair ? pairOutcome(ended) : outcome(ended, { created: true }), answerBytes);
}

/** How a result is put on the wire: given by the adapter, so that it is the same as a plain call's. */
export type WriteResult = (result: ToolResult) => JsonObject;

interface MethodContext {
  readonly handle: Handle;
  readonly answerBytes: number;
  readonly write: WriteResult;
}

async function getTask(context: MethodContext, taskId: string): Promise<JsonObject> {
  const { handle, answerBytes, write } = context;
  const task = await handle.task(taskId);
  const questions = await questionsOf(handle, task);
  const open = questions.filter(({ state }) => state === "open");
  const fields = taskFields(task, lastChange(task, open));
  switch (fields["status"]) {
    case "completed":
      return {
        ...fields,
        result: { resultType: "complete", ...write(finalResult(task, answerBytes)) },
      };
    case "input_required": {
      const requests = open.map((question) => [question.id, inputRequest(question)] as const);
      return { ...fields, inputRequests: Object.fromEntries(requests) };
    }
    default:
      return fields;
  }
}

const response = z.object({
  action: z.enum(["accept", "decline", "cancel"]),
  content: z.record(z.string(), z.unknown()).optional(),
});

/** The content for a question: a form of ours has one field, whose text is the answer. */
function contentFor(question: Question, content: JsonObject): Json {
  return formOf(question) === textForm ? (content["answer"] ?? content) : content;
}

/** Answers questions. Responses to what is not asked are ignored, as the extension wants it. */
async function updateTask(
  { handle }: MethodContext,
  of: { taskId: string; inputResponses?: Readonly<Record<string, unknown>> | undefined },
): Promise<JsonObject> {
  const { taskId, inputResponses = {} } = of;
  const questions = await handle.questions(taskId);
  for (const question of questions) {
    if (!Object.hasOwn(inputResponses, question.id)) continue;
    const parsed = response.safeParse(inputResponses[question.id]);
    if (!parsed.success) {
      const detail = "give an action (accept, decline, cancel) and, for a form, its content";
      throw new BridgeError("INPUT_INVALID", { what: `The response ${question.id}`, detail });
    }
    const { action, content } = parsed.data;
    const said =
      content === undefined || question.type === "approval"
        ? {}
        : { content: contentFor(question, content as JsonObject) };
    const answer = { action: action === "accept" ? action : ("decline" as const), ...said };
    await answerOnce(handle, { taskId, questionId: question.id, answer });
  }
  return {};
}

const taskId = z.string().min(1).max(256);
const one = z.object({ taskId });

/** A method of the extension. */
export interface TaskMethod {
  readonly params: z.ZodType;
  // A method's parameter may be narrower: params are checked before it is called.
  call(context: MethodContext, params: unknown): Promise<JsonObject>;
}

const method = <P extends z.ZodType>(
  params: P,
  call: (context: MethodContext, params: z.output<P>) => Promise<JsonObject>,
): TaskMethod => ({ params, call });

/** The methods of the extension: a row each. */
export const taskMethods: Readonly<Record<string, TaskMethod>> = {
  "tasks/get": method(one, async (context, params) => await getTask(context, params.taskId)),
  "tasks/update": method(
    z.object({ taskId, inputResponses: z.record(z.string(), z.unknown()).optional() }),
    updateTask,
  ),
  "tasks/cancel": method(one, async ({ handle }, params) => {
    await handle.cancel(params.taskId);
    return {};
  }),
};
