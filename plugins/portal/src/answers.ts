import type { Handle } from "@agent-bridge/core";
import { portalChat } from "./kind.ts";
import type { PortalRequest } from "./protocol.ts";
import { conversationView, eventView, messageView, questionView, taskView } from "./views.ts";

/** A request by its name. */
type RequestOf<N extends PortalRequest["type"]> = Extract<PortalRequest, { readonly type: N }>;

/** What a request may do with the socket that it came by. */
export interface Attachments {
  /** Sends a task's events after a cursor, once the reply has gone. */
  attach(taskId: string, after: string | null): void;
  /** @returns false when it was not attached */
  detach(taskId: string): boolean;
}

interface Asked<N extends PortalRequest["type"]> {
  readonly handle: Handle;
  readonly request: RequestOf<N>;
  readonly attachments: Attachments;
}

/** The names of the requests that need somebody. */
export type AnsweredType = Exclude<PortalRequest["type"], "authenticate">;

type Answers = { readonly [N in AnsweredType]: (asked: Asked<N>) => Promise<unknown> };

/** How each request is answered: what it gives is the `result`. */
export const answers: Answers = {
  chat: async ({ handle, request, attachments }) => {
    const { message, conversation, conversationId, runner, key } = request;
    const { task, created } = await handle.start({
      kind: portalChat.name,
      payload: { text: message },
      ...(conversation === undefined ? {} : { conversation }),
      ...(conversationId === undefined ? {} : { conversationId }),
      ...(runner === undefined ? {} : { runner }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
    attachments.attach(task.id, null);
    return { task: taskView(task), created };
  },
  cancel: async ({ handle, request }) => {
    const { changed, task } = await handle.cancel(request.taskId, request.reason);
    return { changed, task: taskView(task) };
  },
  resume: async ({ handle, request, attachments }) => {
    const { taskId, conversationId, after = null, message, id } = request;
    const { task, created } = await handle.resume({
      taskId,
      conversationId,
      ...(message === undefined ? {} : { message, idempotencyKey: `resume ${id}` }),
    });
    attachments.attach(task.id, created ? null : after);
    return { task: taskView(task), created };
  },
  detach: async ({ request, attachments }) =>
    await Promise.resolve({ detached: attachments.detach(request.taskId) }),
  answer: async ({ handle, request }) => {
    const { questionId, action, content } = request;
    const given = { action, ...(content === undefined ? {} : { content }) };
    return { question: questionView(await handle.answer(questionId, given)) };
  },
  tasks: async ({ handle, request }) => {
    const { status, kind, runner, conversationId, after = null, limit = 50 } = request;
    const { items, next } = await handle.tasks(
      {
        ...(status === undefined ? {} : { status }),
        ...(kind === undefined ? {} : { kind }),
        ...(runner === undefined ? {} : { runner }),
        ...(conversationId === undefined ? {} : { conversationId }),
      },
      { limit, after },
    );
    return { tasks: items.map(taskView), next };
  },
  task: async ({ handle, request }) => ({
    task: taskView(await handle.task(request.taskId)),
    questions: (await handle.questions(request.taskId)).map(questionView),
  }),
  events: async ({ handle, request }) => {
    const { taskId, after = null, limit = 200 } = request;
    const page = await handle.events({ ...(taskId === undefined ? {} : { taskId }), after, limit });
    const { next, atHead } = page;
    return { events: page.events.map(eventView), next, atHead, gap: page.gap !== null };
  },
  conversations: async ({ handle, request }) => {
    const { after = null, limit = 50 } = request;
    const { items, next } = await handle.conversations({ after, limit });
    return { conversations: items.map(conversationView), next };
  },
  conversation: async ({ handle, request }) => {
    const { conversation, history } = await handle.conversation(request.conversationId);
    return { conversation: conversationView(conversation), history: history.map(messageView) };
  },
  describe: async ({ handle }) => {
    const { routes, runners } = handle.describe();
    const names = new Set(
      routes.filter(({ kind }) => kind === portalChat.name).map(({ runner }) => runner),
    );
    return await Promise.resolve({
      runners: runners
        .filter(({ name }) => names.has(name))
        .map(({ name, health }) => ({ name, ready: health?.ready ?? null })),
    });
  },
};
