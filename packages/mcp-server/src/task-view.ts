import {
  type Handle,
  isFinal,
  type JsonObject,
  type Question,
  type Task,
} from "@agent-bridge/core";
import * as z from "zod";
import { cutText } from "./fit.ts";
import { objectToWire } from "./wire.ts";

/** Where a task stands, as clients say it: what was cancelled has a status of its own here. */
export const taskStatuses = [
  "pending",
  "running",
  "input_required",
  "completed",
  "failed",
  "cancelled",
] as const;

export type WireStatus = (typeof taskStatuses)[number];

const moment = z.string().nullable();
const json = z.unknown();

/** A question that waits for an answer. */
const inputRequestSchema = z.object({
  request_id: z.string(),
  type: z.enum(["approval", "input"]).describe("An approval is answered without content."),
  title: z.string(),
  details: json,
  asked_at: z.string(),
  deadline_at: z.string().describe("After it the answer is no."),
});

const shared = {
  task_id: z.string(),
  kind: z.string(),
  runner: z.string(),
  conversation_id: z.string().nullable(),
  owner: z.string(),
  channel: z.string().nullable(),
  status: z.enum(taskStatuses),
  progress: z.number(),
  attempt: z.int(),
  reply: z.string(),
  cancel_requested: z.boolean(),
  continues: z.string().nullable(),
  created_at: z.string(),
  started_at: moment,
  ended_at: moment,
  prompt: z.string(),
};

/** A whole task. */
export const taskSchema = z.object({
  ...shared,
  output: z.string().nullable().describe("The answer, or what a failed task had produced."),
  error: z
    .object({ code: z.string(), message: z.string(), exit_code: z.int().optional() })
    .nullable(),
  usage: z.record(z.string(), z.number()).nullable(),
  metadata: json,
  input_requests: z.array(inputRequestSchema).describe("Answer them with task_reply."),
});

/** A task in a list; `prompt` is its beginning. */
export const taskLineSchema = z.object({ ...shared, error_code: z.string().nullable() });

/** The status of a task as clients say it. */
export function statusOf({ status, error }: Pick<Task, "status" | "error">): WireStatus {
  return status === "failed" && error?.code === "cancelled" ? "cancelled" : status;
}

/** What a task and its line in a list have in common, and more of it. */
function viewOf(task: Task, more: object): JsonObject {
  return objectToWire({
    taskId: task.id,
    kind: task.kind,
    runner: task.runner,
    conversationId: task.conversationId,
    owner: task.owner,
    channel: task.channel,
    status: statusOf(task),
    attempt: task.attempt,
    progress: task.progress,
    reply: task.reply,
    cancelRequested: task.cancelRequested,
    continues: task.continues,
    createdAt: task.createdAt,
    startedAt: task.startedAt,
    endedAt: task.endedAt,
    ...more,
  });
}

/** How much of a prompt stands in a list. */
const promptBytes = 256;

export function taskLine(task: Task): JsonObject {
  const prompt = cutText(task.input.prompt, promptBytes);
  return viewOf(task, { prompt, errorCode: task.error?.code ?? null });
}

const inputRequest = ({ id, type, title, details, askedAt, deadlineAt }: Question): object => ({
  requestId: id,
  type,
  title,
  details,
  askedAt,
  deadlineAt,
});

/** What a task asks: read only where something can be open. */
export async function questionsOf(
  handle: Handle,
  { id, status }: Task,
): Promise<readonly Question[]> {
  return status === "input_required" ? await handle.questions(id) : [];
}

/** @param questions those of the task; only the open ones are shown */
export function taskView(task: Task, questions: readonly Question[]): JsonObject {
  const { input, output, error, usage, metadata } = task;
  const open = isFinal(task.status) ? [] : questions.filter(({ state }) => state === "open");
  return viewOf(task, {
    prompt: input.prompt,
    output: output?.output ?? null,
    error,
    usage,
    metadata,
    inputRequests: open.map((question) => inputRequest(question)),
  });
}

/** Where the whole of a task is read. */
export const taskLink = (taskId: string): { uri: string; name: string } => ({
  uri: `bridge://tasks/${taskId}`,
  name: `task ${taskId}`,
});

/** Where its events are read. */
export const eventsLink = (taskId: string): { uri: string; name: string } => ({
  uri: `bridge://tasks/${taskId}/events`,
  name: `events of task ${taskId}`,
});
