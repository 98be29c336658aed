import { BridgeError } from "../contract/errors.ts";
import type { DeadLetter, Page, Queries } from "../contract/queries.ts";
import type { Scope } from "../contract/principal.ts";
import type { Conversation } from "../contract/task.ts";
import type { ConversationRow, DeadLetterRow } from "./rows.ts";
import { isInScope, maxHistory, ownerIn, seenQuestion, seenState } from "./rules.ts";
import { questionOf, type TableContext } from "./table-context.ts";
import type { PageRequest } from "./tables.ts";

/** @throws BridgeError CURSOR_INVALID when `after` is none that an earlier page gave */
function pageRequest({ limit, after }: { limit: number; after: string | null }): PageRequest {
  if (after !== null && !/^\d{1,15}$/.test(after))
    throw new BridgeError("CURSOR_INVALID", { cursor: after.slice(0, 100) });
  return {
    limit: Math.min(Math.max(1, limit), 1000),
    before: after === null ? null : Number(after),
  };
}

function toPage<R extends { readonly order: number }, T>(
  rows: readonly R[],
  page: PageRequest,
  map: (row: R) => T,
): Page<T> {
  const last = rows.at(-1);
  return {
    items: rows.map(map),
    next: rows.length < page.limit || last === undefined ? null : String(last.order),
  };
}

function toConversation({ tables }: TableContext, row: ConversationRow): Conversation {
  const { id, owner, channel, workspace, key, createdAt, lastActiveAt } = row;
  return {
    id,
    owner,
    channel,
    workspace,
    key,
    createdAt,
    lastActiveAt,
    openTasks: tables.tasks.countOpen(id),
    sessions: tables.conversations.sessions(id),
  };
}

function toDeadLetter({ order: _, ...letter }: DeadLetterRow): DeadLetter {
  return letter;
}

/** The reads, over tables. */
export function tableQueries(context: TableContext): Queries {
  const { tables, clock, read } = context;
  const conversationIn = (
    row: ConversationRow | undefined,
    scope: Scope,
  ): ConversationRow | undefined =>
    row !== undefined && isInScope(row.owner, scope) ? row : undefined;
  const shown = (row: ConversationRow | undefined): Conversation | undefined =>
    row === undefined ? undefined : toConversation(context, row);
  return {
    task: async (taskId, scope) =>
      await read(() => {
        const row = tables.tasks.find(taskId);
        return row !== undefined && isInScope(row.task.owner, scope) ? row.task : undefined;
      }),
    tasks: async ({ scope, ...filter }, page) =>
      await read(() => {
        const request = pageRequest(page);
        return toPage(
          tables.tasks.list({ ...filter, owner: ownerIn(scope) }, request),
          request,
          (row) => row.task,
        );
      }),
    conversation: async (id, scope) =>
      await read(() => shown(conversationIn(tables.conversations.find(id), scope))),
    conversationAt: async (place, scope) =>
      await read(() =>
        shown(
          conversationIn(tables.conversations.at(place, ownerIn(scope) ?? place.workspace), scope),
        ),
      ),
    conversations: async (scope, page) =>
      await read(() => {
        const request = pageRequest(page);
        return toPage(tables.conversations.list(ownerIn(scope), request), request, (row) =>
          toConversation(context, row),
        );
      }),
    history: async (id, scope) =>
      await read(() =>
        conversationIn(tables.conversations.find(id), scope) === undefined
          ? []
          : tables.conversations.history(id, maxHistory),
      ),
    openQuestion: async (conversationId) =>
      await read(() => {
        const row = tables.tasks.firstOpen(conversationId);
        const question = row === undefined ? undefined : questionOf(context, row);
        if (
          row === undefined ||
          question === undefined ||
          seenState(question, row, clock.steady()) !== "open"
        )
          return undefined;
        return { ...question.question, sender: row.provenance.sender };
      }),
    questions: async (taskId, scope) =>
      await read(() => {
        const row = tables.tasks.find(taskId);
        if (row === undefined || !isInScope(row.task.owner, scope)) return [];
        return tables.questions
          .ofTask(taskId)
          .map((question) => seenQuestion(question, row, clock.steady()));
      }),
    deadLetters: async (page) =>
      await read(() => {
        const request = pageRequest(page);
        return toPage(tables.deadLetters.list(request), request, toDeadLetter);
      }),
    deadLetter: async (id) =>
      await read(() => {
        const row = tables.deadLetters.find(id);
        return row === undefined ? undefined : toDeadLetter(row);
      }),
    stats: async () =>
      await read(() => {
        const { counts, oldestPendingTime } = tables.tasks.stats();
        return {
          tasks: counts,
          oldestPendingMs: oldestPendingTime === null ? null : clock.steady() - oldestPendingTime,
          outbox: tables.outbox.countOpen(),
          deadLetters: tables.deadLetters.count(),
          openQuestions: tables.questions.countOpen(),
        };
      }),
  };
}
