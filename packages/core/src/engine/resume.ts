import { newId } from "../contract/clock.ts";
import { BridgeError } from "../contract/errors.ts";
import type { NewTask } from "../contract/intake.ts";
import { type Principal, scopeOf } from "../contract/principal.ts";
import type { Route } from "../contract/route.ts";
import { isFinal, type Task } from "../contract/task.ts";
import { checkPlainData, hashOf } from "../plain-data.ts";
import type { Engine } from "./engine.ts";
import { countRequest, quotasOf } from "./quotas.ts";
import { acceptFor, allowedRoute, messageLimits, nameLimits, senderOf } from "./requests.ts";
import { rulesOf } from "./task-rules.ts";
import { recoveryPrompt } from "./texts.ts";

/** By which rule a task is gone on with. The operator, who owns the table, needs no rule of their own for it. */
function routeOfOld(engine: Engine, principal: Principal, { kind, runner }: Task): Route {
  const own = engine.routing.routes.find((route) => route.kind === kind && route.runner === runner);
  if (principal.type === "operator" && own !== undefined) return own;
  return allowedRoute(engine, kind, { principal, runner });
}

/**
 * Where a task is gone on with: in its own conversation, by its place, since a room of a channel may have been
 * opened by somebody else than its sender.
 */
async function placeOfOld(
  engine: Engine,
  conversationId: string,
): Promise<NewTask["conversation"]> {
  const found = await engine.store.queries.conversation(conversationId, { all: true });
  if (found === undefined || found.channel === null) return { id: conversationId };
  const { channel, workspace, key } = found;
  return { newId: newId("conv", engine.random), channel, workspace, key, keepsSession: true };
}

/** Goes on with a task. @throws BridgeError as `Handle.resume` says */
export async function resumeTask(
  engine: Engine,
  principal: Principal,
  request: {
    taskId: string;
    conversationId: string | null | undefined;
    message?: string;
    idempotencyKey?: string;
  },
): Promise<{ task: Task; created: boolean }> {
  checkPlainData("The message", request.message ?? "", messageLimits(engine));
  checkPlainData("The idempotency key", request.idempotencyKey ?? "", nameLimits);
  const old = await engine.store.queries.task(request.taskId, scopeOf(principal));
  // A missing conversation is never a wildcard: a task without one can not be gone on with by anyone.
  if (
    old === undefined ||
    old.conversationId === null ||
    old.conversationId !== request.conversationId
  )
    throw new BridgeError("TASK_NOT_FOUND", { taskId: request.taskId });
  const wasInterrupted = old.error?.code === "interrupted";
  if (!isFinal(old.status) || (request.message === undefined && !wasInterrupted))
    return { task: old, created: false };
  countRequest(engine, principal);
  const route = routeOfOld(engine, principal, old);
  const prompt = request.message ?? recoveryPrompt(old.input.prompt);
  const task: NewTask = {
    id: newId("task", engine.random),
    kind: old.kind,
    runner: old.runner,
    owner: old.owner,
    input: {
      payload: request.message === undefined ? old.input.payload : { text: request.message },
      prompt,
    },
    provenance: { kind: old.kind, channel: null, workspace: "", sender: senderOf(principal) },
    rules: rulesOf(route),
    metadata: {},
    destination: null,
    conversation: await placeOfOld(engine, old.conversationId),
    continues: old.id,
    questions: "ask",
    waitingText: null,
    hops: null,
    quotas: quotasOf(engine, principal, route),
    refusalText: null,
  };
  const key = request.idempotencyKey ?? "";
  const dedupe = { scope: `continues:${old.id}`, key, hash: hashOf({ prompt }) };
  return await acceptFor(engine, { principal, task, dedupe });
}
