import {
  BridgeError,
  type Answer as QuestionAnswer,
  type Handle,
  type Task,
} from "@agent-bridge/core";
import * as z from "zod";
import { id, idempotencyKey, text } from "../input.ts";
import { questionsOf, taskLink, taskSchema, taskView } from "../task-view.ts";
import { type Answer, asJson, defineTool, given } from "../tool.ts";

const taskShape = { task: taskSchema };

async function shown(handle: Handle, task: Task, more: Answer["value"] = {}): Promise<Answer> {
  const questions = await questionsOf(handle, task);
  return { value: { task: taskView(task, questions), ...more }, whole: taskLink(task.id) };
}

/** The conversation to write to, and the runner that is in it. */
async function placeOf(
  handle: Handle,
  input: { task_id?: string | undefined; conversation_id?: string | undefined },
): Promise<{ conversationId: string; runner: string }> {
  if ((input.task_id === undefined) === (input.conversation_id === undefined)) {
    const detail = "give `task_id` or `conversation_id`, one of the two";
    throw new BridgeError("INPUT_INVALID", { what: "The request", detail });
  }
  if (input.task_id !== undefined) {
    const { conversationId, runner } = await handle.task(input.task_id);
    if (conversationId !== null) return { conversationId, runner };
    const detail = "the task has no conversation to go on in; start a new one";
    throw new BridgeError("INPUT_INVALID", { what: input.task_id, detail });
  }
  const conversationId = input.conversation_id ?? "";
  const { items } = await handle.tasks({ conversationId }, { limit: 1 });
  if (items[0] === undefined) throw new BridgeError("CONVERSATION_NOT_FOUND", { conversationId });
  return { conversationId, runner: items[0].runner };
}

/** The next message of a conversation: it waits behind what is under way there. */
export const taskSend = defineTool({
  name: "task_send",
  title: "Send a follow-up",
  description:
    "Send the next message into a conversation, named by one of its tasks or by its id. It is a task of its own and comes after what is under way there.",
  input: z.strictObject({
    task_id: id.optional(),
    conversation_id: id.optional(),
    message: text,
    idempotency_key: idempotencyKey.optional(),
  }),
  output: z.object({ ...taskShape, created: z.boolean() }),
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  forRuns: true,
  call: async ({ handle }, input) => {
    const place = await placeOf(handle, input);
    const { task, created } = await handle.start({
      payload: { text: input.message },
      ...place,
      ...given({ idempotencyKey: input.idempotency_key }),
    });
    return await shown(handle, task, { created });
  },
});

/** What an answer comes to; a form that was put away is a no. */
const actions = { accept: "accept", decline: "decline", cancel: "decline" } as const;

/** Answers a question. The same answer given again finds the first one. */
export async function answerOnce(
  handle: Handle,
  of: { taskId: string; questionId: string; answer: QuestionAnswer },
): Promise<boolean> {
  const { taskId, questionId, answer } = of;
  const question = (await handle.questions(taskId)).find((one) => one.id === questionId);
  if (question === undefined) throw new BridgeError("QUESTION_NOT_FOUND", { questionId });
  const isRepeat =
    question.state === "answered" &&
    question.answer?.action === answer.action &&
    JSON.stringify(question.answer.content) === JSON.stringify(answer.content);
  if (isRepeat) return false;
  await handle.answer(questionId, answer);
  return true;
}

/** Not for runs: an agent can not approve what another one asks in its name. */
export const taskReply = defineTool({
  name: "task_reply",
  title: "Answer an input request",
  description:
    "Answer what a task asks (input_requests of task_get). An approval is accepted or declined; an input is accepted with content. No answer in time is a no.",
  input: z.strictObject({
    task_id: id,
    request_id: id,
    action: z.enum(["accept", "decline", "cancel"]),
    content: z
      .json()
      .optional()
      .describe("What an input request asked for, by the form in its details."),
  }),
  output: z.object({ ...taskShape, changed: z.boolean() }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  forRuns: false,
  call: async ({ handle }, { task_id: taskId, request_id: questionId, action, content }) => {
    const said = content === undefined ? {} : { content: asJson(content) };
    const answer = { action: actions[action], ...said };
    const changed = await answerOnce(handle, { taskId, questionId, answer });
    return await shown(handle, await handle.task(taskId), { changed });
  },
});

/** Durable when it answers; the agent is gone within seconds. */
export const taskCancel = defineTool({
  name: "task_cancel",
  title: "Cancel a task",
  description:
    "End a task. What the agent had produced is kept. changed is false when it had ended, or was asked for before.",
  input: z.strictObject({ task_id: id, reason: z.string().max(1000).optional() }),
  output: z.object({ ...taskShape, changed: z.boolean() }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  forRuns: true,
  call: async ({ handle }, { task_id: taskId, reason }) => {
    const { task, changed } = await handle.cancel(taskId, reason);
    return await shown(handle, task, { changed });
  },
});
