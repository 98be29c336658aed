import { BridgeError } from "../contract/errors.ts";
import type { DeadLetter, Page, Queries } from "../contract/queries.ts";
import type { Scope } from "../contract/principal.ts";
import type { Conversation } from "../contract/task.ts";
import type { ConversationRow, DeadLetterRow, TaskRow } from "./rows.ts";
import { attentionOf } from "./table-attention.ts";
import { isInScope, maxHistory, maxPage, ownerIn, seenQuestion, seenState } from "./rules.ts";
import { questionOf, type TableContext } from "./table-context.ts";
import type { PageRequest } from "./tables.ts";

interface AskedPage {
  readonly limit: number;
  readonly after: string | null;
}

/** A page of rows as it was asked for. @throws BridgeError CURSOR_INVALID when `after` is none that an earlier page gave */
function pageOf<R extends { readonly order: number }, T>(
  asked: AskedPage,
  list: (page: PageRequest) => readonly R[],
  map: (row: R) => T,
): Page<T> {
  const { after } = asked;
  if (after !== null && !/^\d{1,15}$/.test(after))
    throw new BridgeError("CURSOR_INVALID", { cursor: after.slice(0, 100) });
  const limit = Math.min(Math.max(1, asked.limit), maxPage);
  // One more than asked for tells whether this page is the last.
  const rows = list({ limit: limit + 1, before: after === null ? null : Number(after) });
  const given = rows.slice(0, limit);
  const last = given.at(-1);
  return {
    items: given.map(map),
    next: rows.length <= limit || last === undefined ? null : String(last.order),
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

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  const { order: _order, itemId: _itemId, madeTime: _madeTime, ...letter } = row;
  return letter;
}

type TaskQueries = Pick<Queries, "task" | "tasks" | "questions" | "openQuestion">;

function taskQueries(context: TableContext): TaskQueries {
  const { tables, clock } = context;
  const taskIn = (taskId: string, scope: Scope): TaskRow | undefined => {
    const row = tables.tasks.find(taskId);
    return row !== undefined && isInScope(row.task.owner, scope) ? row : undefined;
  };
  return {
    task: async (taskId, scope) => await context.read(() => taskIn(taskId, scope)?.task),
    tasks: async ({ scope, ...filter }, page) =>
      await context.read(() =>
        pageOf(
          page,
          (request) => tables.tasks.list({ ...filter, owner: ownerIn(scope) }, request),
          (row) => row.task,
        ),
      ),
    questions: async (taskId, scope) =>
      await context.read(() => {
        const row = taskIn(taskId, scope);
        const questions = row === undefined ? [] : tables.questions.ofTask(taskId);
        return questions.map((question) => seenQuestion(question, row, clock.steady()));
      }),
    openQuestion: async (conversationId) =>
      await context.read(() => {
        const row = tables.tasks.firstOpen(conversationId);
        const question = row === undefined ? undefined : questionOf(context, row);
        if (row === undefined || question === undefined) return undefined;
        const isOpen = seenState(question, row, clock.steady()) === "open";
        return isOpen ? { ...question.question, sender: row.provenance.sender } : undefined;
      }),
  };
}

type ConversationQueries = Pick<
  Queries,
  "conversation" | "conversationAt" | "conversations" | "history"
>;

const within = (row: ConversationRow | undefined, scope: Scope): ConversationRow | undefined =>
  row !== undefined && isInScope(row.owner, scope) ? row : undefined;

function conversationQueries(context: TableContext): ConversationQueries {
  const { conversations } = context.tables;
  const shown = (row: ConversationRow | undefined): Conversation | undefined =>
    row === undefined ? undefined : toConversation(context, row);
  return {
    conversation: async (id, scope) =>
      await context.read(() => shown(within(conversations.find(id), scope))),
    conversationAt: async (place, scope) =>
      await context.read(() => {
        const owner = ownerIn(scope);
        // Without a channel a place is a name that each owner may use.
        if (place.channel === null && owner === null) return undefined;
        return shown(within(conversations.at(place, owner ?? ""), scope));
      }),
    conversations: async (scope, page) =>
      await context.read(() =>
        pageOf(
          page,
          (request) => conversations.list(ownerIn(scope), request),
          (row) => toConversation(context, row),
        ),
      ),
    history: async (id, scope) =>
      await context.read(() =>
        within(conversations.find(id), scope) === undefined
          ? []
          : conversations.history(id, maxHistory),
      ),
  };
}

/** The reads, over tables. */
export function tableQueries(context: TableContext): Queries {
  const { tables, clock } = context;
  return {
    ...taskQueries(context),
    ...conversationQueries(context),
    deadLetters: async (page) =>
      await context.read(() =>
        pageOf(page, (request) => tables.deadLetters.list(request), toDeadLetter),
      ),
    deadLetter: async (id) =>
      await context.read(() => {
        const row = tables.deadLetters.find(id);
        return row === undefined ? undefined : toDeadLetter(row);
      }),
    attention: async (channels, limit) => {
      const given = [...channels];
      return await context.read(() => attentionOf(context, given, limit));
    },
    stats: async () =>
      await context.read(() => {
        const { counts, oldestPendingTime } = tables.tasks.stats();
        return {
          tasks: counts,
          oldestPendingMs: oldestPendingTime === null ? null : clock.steady() - oldestPendingTime,
          outbox: tables.outbox.countOpen(),
          deadLetters: tables.deadLetters.count(),
          onlyCounted: tables.deadLetters.onlyCounted(),
          openQuestions: tables.questions.countOpen(),
        };
      }),
  };
}
