import {
  jsonObjectSchema,
  jsonSchema,
  type BridgeStatus,
  type EventType,
  type Handle,
} from "@agent-bridge/core";
import * as z from "zod";
import type { ConfigChanges } from "../config-changes.ts";
import type { ConfigStatus } from "../reload.ts";
import type { LoopStatus } from "../plugins/loop-watch.ts";
import type { PluginStatus } from "../plugins/plugin-report.ts";

/** What `status` answers. Times are epoch milliseconds. */
export interface DaemonStatus {
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  readonly stateFolder: string;
  readonly configFile: string;
  readonly plugins: readonly PluginStatus[];
  readonly loop: LoopStatus;
  readonly config: ConfigStatus;
  readonly bridge: BridgeStatus;
}

/** What the methods work on: the operator's handle, and the daemon around it. */
export interface MethodContext {
  readonly handle: Handle;
  status(): Promise<DaemonStatus>;
  /** Takes over a changed configuration, or refuses it as a whole. */
  reload(): ConfigChanges;
  /** The pages that plugins serve, each with a code that opens one session of the operator. */
  openPages(): readonly { readonly name: string; readonly url: string }[];
  /** Begins to stop; returns at once. */
  stop(): void;
  /** True once it stops: nothing new is begun. */
  isStopping(): boolean;
}

interface CallRow<P extends z.ZodType, R> {
  readonly params: P;
  call(context: MethodContext, params: z.output<P>, signal: AbortSignal): Promise<R>;
  /** True where it begins work: refused while the daemon stops. */
  readonly begins?: true;
}

interface StreamRow<P extends z.ZodType, E> {
  readonly params: P;
  stream(context: MethodContext, params: z.output<P>, signal: AbortSignal): AsyncIterable<E>;
}

const call = <P extends z.ZodType, R>(params: P, run: CallRow<P, R>["call"]): CallRow<P, R> => ({
  params,
  call: run,
});

/** As `call`, for what begins work. */
const beginning = <P extends z.ZodType, R>(
  params: P,
  run: CallRow<P, R>["call"],
): CallRow<P, R> => ({ params, call: run, begins: true });

const stream = <P extends z.ZodType, E>(
  params: P,
  run: StreamRow<P, E>["stream"],
): StreamRow<P, E> => ({ params, stream: run });

const id = z.string().min(1).max(256);
const cursor = z.string().max(1024).nullable().exactOptional();
const eventTypes = z
  .array(z.custom<EventType>((value) => typeof value === "string"))
  .exactOptional();
const limit = z.int().min(1).max(10_000).exactOptional();
const page = z.strictObject({ limit: z.int().min(1).max(1000).exactOptional(), after: cursor });
const none = z.strictObject({});
const key = z.string().min(1).max(1024).exactOptional();

const taskFilter = z.strictObject({
  status: z
    .array(z.enum(["pending", "running", "input_required", "completed", "failed"]))
    .exactOptional(),
  kind: id.exactOptional(),
  runner: id.exactOptional(),
  conversationId: id.exactOptional(),
});

const startRequest = z.strictObject({
  kind: id.exactOptional(),
  payload: jsonSchema,
  runner: id.exactOptional(),
  conversationId: id.exactOptional(),
  conversation: z.string().min(1).max(1024).exactOptional(),
  idempotencyKey: key,
  metadata: jsonObjectSchema.exactOptional(),
});

const waitRequest = z.strictObject({
  taskIds: z.array(id).min(1).max(1000),
  until: z.enum(["any", "all"]).exactOptional(),
  timeoutMs: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
});

const answer = z.strictObject({
  questionId: id,
  answer: z.strictObject({
    action: z.enum(["accept", "decline"]),
    content: jsonSchema.exactOptional(),
  }),
});

const resumeRequest = z.strictObject({
  taskId: id,
  conversationId: id.nullable(),
  message: z.string().min(1).exactOptional(),
  idempotencyKey: key,
});

const attachRequest = z.strictObject({
  taskId: id,
  after: cursor,
  until: z.enum(["ended", "settled"]).exactOptional(),
});

/** What can be asked over the socket: a row each. Calls answer once; streams until they are done. */
export const methods = {
  status: call(none, async (context) => await context.status()),
  stop: call(none, async (context) => {
    context.stop();
    return await Promise.resolve({ stopping: true as const });
  }),
  reload: call(none, async (context) => await Promise.resolve(context.reload())),
  pages: call(none, async (context) => await Promise.resolve({ pages: context.openPages() })),
  start: beginning(startRequest, async ({ handle }, request) => await handle.start(request)),
  task: call(z.strictObject({ taskId: id }), async ({ handle }, { taskId }) => ({
    task: await handle.task(taskId),
    questions: await handle.questions(taskId),
  })),
  tasks: call(
    z.strictObject({ filter: taskFilter.exactOptional(), page: page.exactOptional() }),
    async ({ handle }, request) => await handle.tasks(request.filter ?? {}, request.page ?? {}),
  ),
  events: call(
    z.strictObject({
      taskId: id.exactOptional(),
      conversationId: id.exactOptional(),
      types: eventTypes,
      after: cursor,
      limit,
    }),
    async ({ handle }, request) => await handle.events(request),
  ),
  wait: call(
    waitRequest,
    async ({ handle }, request, signal) => await handle.wait({ ...request, signal }),
  ),
  cancel: call(
    z.strictObject({ taskId: id, reason: z.string().max(4096).exactOptional() }),
    async ({ handle }, { taskId, reason }) => await handle.cancel(taskId, reason),
  ),
  answer: call(
    answer,
    async ({ handle }, request) => await handle.answer(request.questionId, request.answer),
  ),
  resume: beginning(resumeRequest, async ({ handle }, request) => await handle.resume(request)),
  conversations: call(page, async ({ handle }, request) => await handle.conversations(request)),
  conversation: call(
    z.strictObject({ conversationId: id }),
    async ({ handle }, { conversationId }) => await handle.conversation(conversationId),
  ),
  deadLetters: call(page, async ({ handle }, request) => await handle.deadLetters(request)),
  deadLetter: call(
    z.strictObject({ deadLetterId: id }),
    async ({ handle }, { deadLetterId }) => await handle.deadLetter(deadLetterId),
  ),
  retryDeadLetter: beginning(
    z.strictObject({ deadLetterId: id }),
    async ({ handle }, { deadLetterId }) => await handle.retryDeadLetter(deadLetterId),
  ),
  dropDeadLetters: call(
    z.strictObject({ deadLetterIds: z.array(id).min(1).max(1000) }),
    async ({ handle }, { deadLetterIds }) => await handle.dropDeadLetters(deadLetterIds),
  ),
  attach: stream(attachRequest, ({ handle }, request, signal) =>
    handle.attach({ ...request, signal }),
  ),
  follow: stream(
    z.strictObject({ after: cursor, types: eventTypes }),
    ({ handle }, request, signal) => handle.follow({ ...request, signal }),
  ),
};

type Methods = typeof methods;

/** The methods that answer once. */
export type CallName = {
  [M in keyof Methods]: Methods[M] extends { call: unknown } ? M : never;
}[keyof Methods];

/** The methods that stream. */
export type StreamName = Exclude<keyof Methods, CallName>;

export type MethodParams<M extends keyof Methods> = z.input<Methods[M]["params"]>;

export type CallResult<M extends CallName> =
  Methods[M] extends CallRow<infer _P, infer R> ? R : never;

export type StreamEvent<M extends StreamName> =
  Methods[M] extends StreamRow<infer _P, infer E> ? E : never;

/** A row without its own types, as the connection sees it: params are checked before a row is called. */
export type MethodRow = CallRow<z.ZodType, unknown> | StreamRow<z.ZodType, unknown>;

/** The row of a name that a caller gave; undefined for any other text. */
export function methodNamed(name: string): MethodRow | undefined {
  return Object.hasOwn(methods, name) ? methods[name as keyof Methods] : undefined;
}
