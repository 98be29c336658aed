import * as z from "zod";
import { eventSchema, eventView } from "../event-view.ts";
import { countThatFits } from "../fit.ts";
import { cursor, id, idempotencyKey, text } from "../input.ts";
import { outcome, outcomeShape } from "../outcome.ts";
import { questionsOf } from "../task-view.ts";
import { defineTool, given } from "../tool.ts";

/** Events that come with the task, and the share of the answer that they may take. */
const eventLimit = 100;
const eventShare = 0.5;

/** Goes on with a task that somebody else, or an earlier session of the same client, has begun. */
export const taskResume = defineTool({
  name: "task_resume",
  title: "Resume a task",
  description:
    "Attach to a task again: it and its events after a cursor. With a message, or when it was interrupted, an ended task goes on as a new one (created is true) in the same conversation, with what the agent remembers. Refused unless conversation_id is the task's own.",
  input: z.strictObject({
    task_id: id,
    conversation_id: id,
    after: cursor.optional(),
    message: text.optional().describe("What the agent is told next, when the task has ended."),
    idempotency_key: idempotencyKey.optional(),
  }),
  output: z.object({
    ...outcomeShape,
    events: z.array(eventSchema).optional(),
    next_cursor: z.string().nullable().optional(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  mayBeTask: true,
  forRuns: false,
  call: async ({ handle, answerBytes }, input) => {
    const { task, created } = await handle.resume({
      taskId: input.task_id,
      conversationId: input.conversation_id,
      ...given({ message: input.message, idempotencyKey: input.idempotency_key }),
    });
    const questions = await questionsOf(handle, task);
    const page = await handle.events({
      taskId: task.id,
      after: input.after ?? null,
      limit: eventLimit,
    });
    const views = page.events.map((event) => eventView(event));
    const count = countThatFits(views, answerBytes * eventShare);
    const next = count < views.length ? page.events[count - 1]?.cursor : page.next;
    return {
      ...outcome(
        { task, questions, timedOut: false },
        { created, events: views.slice(0, count), next_cursor: next ?? null },
      ),
      ...(created ? { began: task } : {}),
    };
  },
});
