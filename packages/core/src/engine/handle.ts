import { BridgeError } from "../contract/errors.ts";
import type { BridgeStatus, Handle } from "../contract/handle.ts";
import type { DeadLetter, Page } from "../contract/queries.ts";
import { ownerOf, type Principal, type Scope, scopeOf } from "../contract/principal.ts";
import type { Answer } from "../contract/question.ts";
import { dropDeadLetters, retryDeadLetter } from "./dead-letters.ts";
import { describeBridge } from "./describe.ts";
import type { Engine } from "./engine.ts";
import { attachTask, followLog, waitForTasks } from "./attach.ts";
import { readPartialAnswer } from "./partial-answer.ts";
import { checkPlainData, cutBytes } from "../plain-data.ts";
import { startTask } from "./requests.ts";
import { resumeTask } from "./resume.ts";
import { cancelledEnding } from "./texts.ts";

const emptyPage: Page<never> = { items: [], next: null };

/** The most that one page may have, and the most events that one read gives. */
const maxPage = 1000;
const maxEvents = 10_000;
/** What is kept of the reason for a cancel. */
const reasonBytes = 1000;

const between = (low: number, value: number, high: number): number =>
  Math.min(high, Math.max(low, Math.trunc(value)));

const pageOf = (
  page: { limit?: number; after?: string | null } | undefined,
): { limit: number; after: string | null } => ({
  limit: between(1, page?.limit ?? 50, maxPage),
  after: page?.after ?? null,
});

async function cancelTask(
  engine: Engine,
  principal: Principal,
  of: { taskId: string; reason: string | undefined },
): ReturnType<Handle["cancel"]> {
  const { taskId } = of;
  const reason = of.reason === undefined ? null : cutBytes(of.reason, reasonBytes);
  const { store, limits } = engine;
  const scope = scopeOf(principal);
  const task = await store.queries.task(taskId, scope);
  if (task === undefined) throw new BridgeError("TASK_NOT_FOUND", { taskId });
  const partial =
    task.attempt === 0
      ? null
      : (await readPartialAnswer(store.log, taskId, limits.answerBytes)).text;
  const by = ownerOf(principal);
  const result = await store.intake.requestCancel({
    taskId,
    scope,
    by,
    reason,
    ending: cancelledEnding(task.runner, partial, reason),
  });
  if (result === undefined) throw new BridgeError("TASK_NOT_FOUND", { taskId });
  return result;
}

async function answerQuestion(
  engine: Engine,
  principal: Principal,
  of: { questionId: string; answer: Answer },
): ReturnType<Handle["answer"]> {
  const { questionId, answer } = of;
  if (answer.content !== undefined) {
    const { messageBytes, messageDepth } = engine.limits;
    const limits = { bytes: messageBytes, depth: messageDepth };
    checkPlainData("The answer", answer.content, limits);
  }
  const answered = await engine.store.intake.answer({
    questionId,
    scope: scopeOf(principal),
    answer: { ...answer, by: ownerOf(principal) },
  });
  if (answered === undefined) throw new BridgeError("QUESTION_NOT_FOUND", { questionId });
  if (!answered.accepted)
    throw new BridgeError("QUESTION_CLOSED", { questionId, state: answered.question.state });
  return answered.question;
}

async function readConversation(
  engine: Engine,
  scope: Scope,
  conversationId: string,
): ReturnType<Handle["conversation"]> {
  const { queries } = engine.store;
  const conversation = await queries.conversation(conversationId, scope);
  if (conversation === undefined)
    throw new BridgeError("CONVERSATION_NOT_FOUND", { conversationId });
  return { conversation, history: await queries.history(conversationId, scope) };
}

type DeadLetterMethods = Pick<
  Handle,
  "deadLetters" | "deadLetter" | "retryDeadLetter" | "dropDeadLetters"
>;

const noDeadLetter = (deadLetterId: string): BridgeError =>
  new BridgeError("DEAD_LETTER_NOT_FOUND", { deadLetterId });

/** Dead letters are the operator's; for anyone else there are none. */
function deadLettersOf(engine: Engine, isOperator: boolean): DeadLetterMethods {
  const { queries } = engine.store;
  const own = async (deadLetterId: string): Promise<DeadLetter> => {
    const letter = isOperator ? await queries.deadLetter(deadLetterId) : undefined;
    if (letter === undefined) throw noDeadLetter(deadLetterId);
    return letter;
  };
  return {
    deadLetters: async (page) => (isOperator ? await queries.deadLetters(pageOf(page)) : emptyPage),
    deadLetter: own,
    retryDeadLetter: async (deadLetterId) => await retryDeadLetter(engine, await own(deadLetterId)),
    dropDeadLetters: async (deadLetterIds) => {
      if (!isOperator) throw noDeadLetter(deadLetterIds[0] ?? "");
      return await dropDeadLetters(engine, deadLetterIds);
    },
  };
}

/** Whose a task may be to be read: a run also reads the one that it carries. It acts on what it started alone. */
const readScopeOf = (principal: Principal, taskId: string): Scope =>
  principal.type === "run" && principal.taskId === taskId ? { all: true } : scopeOf(principal);

/** Everything a principal can do. The only place where a scope is made; each method hands it to the store. */
export function createHandle(
  engine: Engine,
  principal: Principal,
  status: () => Promise<BridgeStatus>,
): Handle {
  const scope = scopeOf(principal);
  const { queries, log } = engine.store;
  const isOperator = principal.type === "operator";
  const ownTask = async (taskId: string): ReturnType<Handle["task"]> => {
    const task = await queries.task(taskId, readScopeOf(principal, taskId));
    if (task === undefined) throw new BridgeError("TASK_NOT_FOUND", { taskId });
    return task;
  };
  return {
    principal,
    start: async (request) => await startTask(engine, principal, request),
    task: ownTask,
    tasks: async (filter, page) => await queries.tasks({ ...filter, scope }, pageOf(page)),
    events: async ({ after, limit, ...filter }) => {
      if (filter.taskId !== undefined) await ownTask(filter.taskId);
      return await log.read({
        ...filter,
        scope: filter.taskId === undefined ? scope : readScopeOf(principal, filter.taskId),
        after: after ?? null,
        limit: between(1, limit ?? 500, maxEvents),
      });
    },
    attach: ({ taskId, after, until, signal }) =>
      attachTask(engine, { taskId, scope, after: after ?? null, until: until ?? "ended", signal }),
    follow: ({ after, types, signal }) =>
      followLog(engine, {
        scope,
        after: after ?? null,
        signal,
        ...(types === undefined ? {} : { types }),
      }),
    wait: async ({ taskIds, until, timeoutMs, signal }) =>
      await waitForTasks(engine, { taskIds, scope, until: until ?? "any", timeoutMs, signal }),
    cancel: async (taskId, reason) => await cancelTask(engine, principal, { taskId, reason }),
    questions: async (taskId) => {
      await ownTask(taskId);
      return await queries.questions(taskId, readScopeOf(principal, taskId));
    },
    answer: async (questionId, answer) =>
      await answerQuestion(engine, principal, { questionId, answer }),
    resume: async (request) => await resumeTask(engine, principal, request),
    conversations: async (page) => await queries.conversations(scope, pageOf(page)),
    conversation: async (conversationId) => await readConversation(engine, scope, conversationId),
    ...deadLettersOf(engine, isOperator),
    head: async () => await log.head(),
    describe: () => describeBridge(engine, principal),
    status: async () => {
      if (!isOperator) throw new BridgeError("NOT_ALLOWED", { what: "The bridge's status" });
      return await status();
    },
  };
}
