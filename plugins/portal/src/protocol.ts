import { jsonSchema } from "@agent-bridge/core";
import * as z from "zod";

export { closeCodes } from "./close-codes.ts";

/*
 * What is said over the socket: one JSON object a message. The page and the server share this file.
 *
 * A client's request has an `id` of its own choosing; exactly one reply carries it. What follows from a
 * request (a task's events) comes in messages of its own, which name the task. Times are ISO 8601.
 */

const requestId = z.string().min(1).max(64);
const taskId = z.string().min(1).max(256);
const cursor = z.string().max(1024);
const text = z.string().min(1);
const limit = z.int().min(1).max(500);

const request = <N extends string, S extends z.ZodRawShape>(type: N, shape: S) =>
  z.strictObject({ type: z.literal(type), id: requestId, ...shape });

/** Every request, in the order in which a conversation has them. */
export const requests = [
  /** Only for sockets that came without a key or a cookie; anything else before it closes the socket with 4001. */
  request("authenticate", { key: z.string().min(1).max(1024) }),
  /**
   * Gives a message to an agent: in the conversation of this name or, not both, of this id. Without either it begins a
   * new one. Its task's events follow.
   */
  request("chat", {
    message: text,
    conversation: z.string().min(1).max(256).exactOptional(),
    conversationId: z.string().min(1).max(256).exactOptional(),
    runner: z.string().min(1).max(256).exactOptional(),
    /** The same key and message give the same task again. */
    key: z.string().min(1).max(256).exactOptional(),
  }),
  request("cancel", { taskId, reason: z.string().max(1024).exactOptional() }),
  /**
   * Attaches to a task's events after a cursor; after its end `message` goes on in a new task. The conversation must be
   * the task's own: anything else, also none, is answered like a task that does not exist.
   */
  request("resume", {
    taskId,
    conversationId: z.string().max(256).nullish(),
    after: cursor.nullish(),
    message: text.exactOptional(),
  }),
  /** No more events of this task. The task goes on. */
  request("detach", { taskId }),
  request("answer", {
    questionId: z.string().min(1).max(256),
    action: z.enum(["accept", "decline"]),
    content: jsonSchema.exactOptional(),
  }),
  /** Lists tasks, newest first. */
  request("tasks", {
    status: z
      .array(z.enum(["pending", "running", "input_required", "completed", "failed"]))
      .exactOptional(),
    kind: z.string().min(1).max(256).exactOptional(),
    runner: z.string().min(1).max(256).exactOptional(),
    conversationId: z.string().min(1).max(256).exactOptional(),
    after: cursor.nullish(),
    limit: limit.exactOptional(),
  }),
  /** One task with its questions. */
  request("task", { taskId }),
  /** A page of events: of one task, or of all. */
  request("events", {
    taskId: taskId.exactOptional(),
    after: cursor.nullish(),
    limit: limit.exactOptional(),
  }),
  request("conversations", { after: cursor.nullish(), limit: limit.exactOptional() }),
  /** A conversation with its history. */
  request("conversation", { conversationId: z.string().min(1).max(256) }),
  /** What can be asked for: the runners that may be chatted with. */
  request("describe", {}),
] as const;

/** A client's request. */
export const requestSchema = z.discriminatedUnion("type", requests);
export type PortalRequest = z.output<typeof requestSchema>;

const timeOrNull = z.string().nullable();

/** A task as the socket shows it. */
export const taskSchema = z.object({
  id: z.string(),
  kind: z.string(),
  runner: z.string(),
  conversationId: z.string().nullable(),
  /** `cancelled` is a failed task that somebody cancelled. */
  status: z.enum(["pending", "running", "input_required", "completed", "failed", "cancelled"]),
  prompt: z.string(),
  output: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  progress: z.number(),
  usage: z
    .object({
      inputTokens: z.number(),
      cachedInputTokens: z.number(),
      outputTokens: z.number(),
      reasoningTokens: z.number(),
    })
    .nullable(),
  continues: z.string().nullable(),
  createdAt: z.string(),
  startedAt: timeOrNull,
  endedAt: timeOrNull,
});
export type PortalTask = z.output<typeof taskSchema>;

/** An event as the socket shows it; `data` is what core's event table says of its type. */
export const eventSchema = z.object({
  cursor: z.string(),
  taskId: z.string(),
  conversationId: z.string().nullable(),
  seq: z.int(),
  type: z.string(),
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type PortalEvent = z.output<typeof eventSchema>;

/** What the server says by itself. */
export const pushSchema = z.discriminatedUnion("type", [
  /** First of all, once it is known who asks. */
  z.object({
    type: z.literal("welcome"),
    /** How the bridge names the caller: `operator`, or `client:<name>`. */
    principal: z.string(),
    version: z.string(),
    limits: z.object({ messageBytes: z.int(), requestBytes: z.int() }),
  }),
  z.object({ type: z.literal("event"), event: eventSchema }),
  /** Events before this were removed by retention. */
  z.object({ type: z.literal("gap"), taskId: z.string().nullable() }),
  /** Nothing more will come of this task: its terminal event has been sent, and what belongs to its reply. */
  z.object({ type: z.literal("end"), taskId: z.string(), task: taskSchema }),
  /** A message that could not be read, so that no reply could name it; or what ended the watching of a task. */
  z.object({
    type: z.literal("error"),
    taskId: z.string().exactOptional(),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
  /** The bridge stops. Tasks go on with its next start. */
  z.object({ type: z.literal("stopping") }),
]);
export type PortalPush = z.output<typeof pushSchema>;

/** The reply to a request: `result`, or `error`. */
export const replySchema = z.object({
  type: z.literal("reply"),
  id: z.string(),
  result: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).optional(),
});
export type PortalReply = z.output<typeof replySchema>;
