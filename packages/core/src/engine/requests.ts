import type { Attachment } from "../contract/attachment.ts";
import { newId } from "../contract/clock.ts";
import { BridgeError, describeError, isBridgeError } from "../contract/errors.ts";
import type { StartRequest } from "../contract/handle.ts";
import type { Accepted, NewMessage, NewTask } from "../contract/intake.ts";
import type { Json } from "../contract/json.ts";
import type { Kind } from "../contract/kind.ts";
import { ownerOf, type Principal, scopeOf } from "../contract/principal.ts";
import { quotaText } from "../contract/quota.ts";
import type { Route } from "../contract/route.ts";
import type { Task } from "../contract/task.ts";
import { takeAttachments } from "./attachments.ts";
import type { Engine } from "./engine.ts";
import { checkPlainData, hashOf } from "../plain-data.ts";
import { countRequest, quotasOf } from "./quotas.ts";
import { withinRunLimits } from "./run-limits.ts";
import { narrowedRules } from "./narrowed-rules.ts";

/** The name by which routes know a direct caller; a payload can not claim another. */
export function senderOf(principal: Principal): string {
  switch (principal.type) {
    case "operator":
      return "operator";
    case "client":
      return principal.id;
    case "run":
      return "run";
    case "peer":
      throw new TypeError("A peer reaches the bridge through its channel only.");
    default:
      return principal satisfies never;
  }
}

/** What a name or key of a caller's choosing may have, and a task's metadata. */
export const nameLimits = { bytes: 1024, depth: 0 };
const metadataLimits = { bytes: 4096, depth: 64 };
const optionsLimits = { bytes: 16 * 1024, depth: 16 };

/** What a message of a direct caller may have. */
export const messageLimits = ({
  limits,
}: Pick<Engine, "limits">): { bytes: number; depth: number } => ({
  bytes: limits.messageBytes,
  depth: limits.messageDepth,
});

/** @throws BridgeError INPUT_TOO_LARGE, INPUT_TOO_DEEP, INPUT_INVALID */
function checkRequest(request: StartRequest): void {
  const { conversation, conversationId, idempotencyKey, metadata } = request;
  if (conversation !== undefined && conversationId !== undefined) {
    throw new BridgeError("INPUT_INVALID", {
      what: "The request",
      detail: "give `conversation` or `conversationId`, not both",
    });
  }
  checkPlainData("The conversation's name", conversation ?? "", nameLimits);
  checkPlainData("The idempotency key", idempotencyKey ?? "", nameLimits);
  checkPlainData("The metadata", metadata ?? {}, metadataLimits);
  checkPlainData("The options", request.options ?? {}, optionsLimits);
}

/** Looks at a payload before it is read. @throws BridgeError INPUT_INVALID, INPUT_TOO_LARGE, INPUT_TOO_DEEP */
export function checkPayload(engine: Pick<Engine, "limits">, payload: Json): void {
  checkPlainData("The payload", payload, messageLimits(engine));
}

/**
 * Reads the payload of a direct caller by its kind.
 *
 * @throws BridgeError KIND_UNKNOWN, INPUT_INVALID
 */
export function parsePayload(
  engine: Pick<Engine, "kinds" | "limits">,
  kindName: string,
  payload: Json,
): { kind: Kind; prompt: string; attachments: readonly Attachment[] } {
  const kind = engine.kinds.get(kindName);
  if (kind === undefined)
    throw new BridgeError("KIND_UNKNOWN", { kind: kindName, known: [...engine.kinds.keys()] });
  const invalid = (detail: string, cause?: unknown): BridgeError =>
    new BridgeError("INPUT_INVALID", { what: `The payload of "${kindName}"`, detail }, { cause });
  try {
    const parsed = kind.schema.safeParse(payload);
    if (parsed.success) {
      const { taken: attachments } = takeAttachments(kind.attachments?.(parsed.data));
      return { kind, prompt: kind.prompt(parsed.data), attachments };
    }
    const issue = parsed.error.issues[0];
    throw invalid(`${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`.trim());
  } catch (error) {
    if (isBridgeError(error)) throw error;
    throw invalid(describeError(error), error);
  }
}

/** The first rule that lets a direct caller in. @throws BridgeError ROUTE_NONE */
export function allowedRoute(
  engine: Engine,
  kind: string,
  of: { principal: Principal; runner: string | null },
): Route {
  const sender = senderOf(of.principal);
  const route = engine.routing.match({ kind, sender, runner: of.runner });
  if (route === undefined) throw new BridgeError("ROUTE_NONE", { kind, sender, runner: of.runner });
  return route;
}

function placeOf(
  engine: Engine,
  request: StartRequest,
  of: { principal: Principal; taskId: string },
): NewTask["conversation"] {
  if (request.conversationId !== undefined) return { id: request.conversationId };
  const key =
    request.conversation === undefined ? `task:${of.taskId}` : `name:${request.conversation}`;
  return {
    newId: newId("conv", engine.random),
    channel: null,
    workspace: ownerOf(of.principal),
    key,
    keepsSession: true,
  };
}

/** The owner of what a principal starts in a conversation: the operator goes on in anyone's as its owner. */
async function ownerIn(
  engine: Engine,
  principal: Principal,
  conversationId: string | undefined,
): Promise<string> {
  if (conversationId === undefined) return ownerOf(principal);
  const conversation = await engine.store.queries.conversation(conversationId, scopeOf(principal));
  if (conversation === undefined)
    throw new BridgeError("CONVERSATION_NOT_FOUND", { conversationId });
  return conversation.owner;
}

function taskFrom(
  result: Accepted | undefined,
  asked: { key: string; conversationId: string },
): { task: Task; created: boolean } {
  switch (result?.result) {
    case "task":
      return { task: result.task, created: true };
    case "known":
      if (result.task !== null) return { task: result.task, created: false };
      break;
    case "conflict":
      throw new BridgeError("IDEMPOTENCY_CONFLICT", { key: asked.key, taskId: result.taskId });
    case "expired":
      throw new BridgeError("TASK_EXPIRED", { key: asked.key });
    case "conversation_not_found":
      throw new BridgeError("CONVERSATION_NOT_FOUND", { conversationId: asked.conversationId });
    case "quota_exceeded": {
      const { exceeded } = result;
      throw new BridgeError("QUOTA_EXCEEDED", { what: quotaText(exceeded), limit: exceeded.limit });
    }
    default:
  }
  throw new TypeError(`A direct request can not end as ${String(result?.result)}.`);
}

/** Accepts a task within the limits of who asks. */
export async function acceptFor(
  engine: Engine,
  of: { principal: Principal; task: NewTask; dedupe: NewMessage["dedupe"] },
): Promise<{ task: Task; created: boolean }> {
  const accept = async (task: NewTask) => await acceptOne(engine, task, of.dedupe);
  return await withinRunLimits(engine, of, accept);
}

async function acceptOne(
  engine: Engine,
  task: NewTask,
  dedupe: NewMessage["dedupe"],
): Promise<{ task: Task; created: boolean }> {
  await engine.failpoint("accept.before");
  const [result] = await engine.store.intake.accept({
    messages: [{ dedupe, from: null, outcome: { type: "task", task } }],
  });
  await engine.failpoint("accept.after");
  const conversationId =
    task.conversation !== null && "id" in task.conversation ? task.conversation.id : "";
  return taskFrom(result, { key: dedupe?.key ?? "", conversationId });
}

/** Accepts the request of a direct caller. @throws BridgeError as `Handle.start` says */
export async function startTask(
  engine: Engine,
  principal: Principal,
  request: StartRequest,
): Promise<{ task: Task; created: boolean }> {
  checkRequest(request);
  checkPayload(engine, request.payload);
  countRequest(engine, principal);
  const kindName = request.kind ?? "prompt";
  const { kind, prompt, attachments } = parsePayload(engine, kindName, request.payload);
  const route = allowedRoute(engine, kindName, { principal, runner: request.runner ?? null });
  const rules = narrowedRules(engine, route, request.options);
  const owner = await ownerIn(engine, principal, request.conversationId);
  const id = newId("task", engine.random);
  const task: NewTask = {
    id,
    kind: kindName,
    runner: route.runner,
    owner,
    input: {
      payload: request.payload,
      prompt,
      ...(attachments.length === 0 ? {} : { attachments }),
    },
    provenance: { kind: kindName, channel: null, workspace: "", sender: senderOf(principal) },
    rules,
    metadata: request.metadata ?? {},
    destination: null,
    conversation: placeOf(engine, request, { principal, taskId: id }),
    continues: null,
    questions: kind.questions ?? "decline",
    waitingText: null,
    hops: null,
    quotas: quotasOf(engine, principal, route),
    refusalText: null,
  };
  const asked: Json = {
    kind: kindName,
    payload: request.payload,
    runner: request.runner ?? null,
    conversation: request.conversation ?? null,
    conversationId: request.conversationId ?? null,
    ...(request.options === undefined ? {} : { options: request.options }),
  };
  const dedupe =
    request.idempotencyKey === undefined
      ? null
      : { scope: ownerOf(principal), key: request.idempotencyKey, hash: hashOf(asked) };
  return await acceptFor(engine, { principal, task, dedupe });
}
