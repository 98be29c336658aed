import * as z from "zod";

/*
 * What the runner uses of the protocol of `codex app-server` (JSON-RPC without its version member, one message a
 * line): the shapes of `codex app-server generate-ts --experimental` of 0.169, reduced to the members that are read.
 */

/** A line as it comes: a reply (`id`), a request (`id` and `method`), or a notification (`method`). */
export const messageSchema = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

export type Message = z.output<typeof messageSchema>;

/** The reply to `initialize`: `userAgent` is `<client>/<version of Codex> (…)`. */
export const initializedSchema = z.object({ userAgent: z.string() });

/** `agent-bridge/0.169.0 (Debian 12; x86_64) …`: the version stands behind our own name. */
export function versionIn(userAgent: string): string {
  return /\/(\S+)/.exec(userAgent)?.[1] ?? "unknown";
}

/** The reply to `thread/start` and `thread/resume`. */
export const threadSchema = z.object({ thread: z.object({ id: z.string() }) });

/** The reply to `turn/start`. */
export const turnStartedSchema = z.object({ turn: z.object({ id: z.string() }) });

/** The reply to `account/read`. */
export const accountSchema = z.object({
  account: z.unknown().optional(),
  requiresOpenaiAuth: z.boolean(),
});

/** An error of a turn. `codexErrorInfo` is a word, or an object whose only key is the word. */
const turnErrorSchema = z.object({
  message: z.string(),
  codexErrorInfo: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  additionalDetails: z.string().nullish(),
});

export type TurnError = z.output<typeof turnErrorSchema>;

/** Tokens of a thread, from its beginning. */
const tokensSchema = z.object({
  inputTokens: z.number(),
  cachedInputTokens: z.number(),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number(),
});

export type ThreadTokens = z.output<typeof tokensSchema>;

/** An item of a turn; the rest of it depends on `type`. */
const itemSchema = z.looseObject({ type: z.string(), id: z.string() });

export type Item = z.output<typeof itemSchema>;

/** A message of the model. `final_answer` is not sent by every model. */
export const agentMessageSchema = z.object({
  id: z.string(),
  text: z.string(),
  phase: z.string().nullish(),
});

/** A change to a file. */
export const fileUpdateSchema = z.object({
  path: z.string(),
  kind: z.object({ type: z.enum(["add", "update", "delete"]) }),
  diff: z.string(),
});

export type FileUpdate = z.output<typeof fileUpdateSchema>;

const ofTurn = { threadId: z.string(), turnId: z.string() };

/** The notifications that are read; all others are ignored. */
export const notificationSchemas = {
  "turn/started": z.object({ threadId: z.string(), turn: z.object({ id: z.string() }) }),
  "turn/completed": z.object({
    threadId: z.string(),
    turn: z.object({
      id: z.string(),
      status: z.string(),
      error: turnErrorSchema.nullish(),
      items: z.array(itemSchema).default([]),
    }),
  }),
  "turn/plan/updated": z.object({
    ...ofTurn,
    plan: z.array(
      z.object({ step: z.string(), status: z.enum(["pending", "inProgress", "completed"]) }),
    ),
  }),
  "item/started": z.object({ ...ofTurn, item: itemSchema }),
  "item/completed": z.object({ ...ofTurn, item: itemSchema }),
  "item/agentMessage/delta": z.object({ ...ofTurn, delta: z.string() }),
  "item/reasoning/summaryTextDelta": z.object({ ...ofTurn, delta: z.string() }),
  "item/reasoning/summaryPartAdded": z.object({ ...ofTurn, summaryIndex: z.number() }),
  "item/reasoning/textDelta": z.object({ ...ofTurn, delta: z.string() }),
  "item/fileChange/patchUpdated": z.object({
    ...ofTurn,
    itemId: z.string(),
    changes: z.array(fileUpdateSchema),
  }),
  "thread/tokenUsage/updated": z.object({
    ...ofTurn,
    tokenUsage: z.object({ total: tokensSchema }),
  }),
  "serverRequest/resolved": z.object({
    threadId: z.string(),
    requestId: z.union([z.string(), z.number()]),
  }),
  error: z.object({ ...ofTurn, error: turnErrorSchema, willRetry: z.boolean() }),
  warning: z.object({ threadId: z.string().nullish(), message: z.string() }),
  guardianWarning: z.object({ threadId: z.string(), message: z.string() }),
  configWarning: z.object({ summary: z.string(), details: z.string().nullish() }),
  deprecationNotice: z.object({ summary: z.string(), details: z.string().nullish() }),
  "model/rerouted": z.object({ ...ofTurn, fromModel: z.string(), toModel: z.string() }),
} as const;

export type NotificationMethod = keyof typeof notificationSchemas;

/** The parameters of each notification that is read. */
export type NotificationParams = {
  [M in NotificationMethod]: z.output<(typeof notificationSchemas)[M]>;
};

/** A notification that is read. */
export type Notification = {
  [M in NotificationMethod]: { readonly method: M; readonly params: NotificationParams[M] };
}[NotificationMethod];

/** True for the methods of the table. */
export function isNotificationMethod(method: string): method is NotificationMethod {
  return Object.hasOwn(notificationSchemas, method);
}
