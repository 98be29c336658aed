import type { Handle, JsonObject, Task, TaskStatus } from "@agent-bridge/core";
import * as z from "zod";
import { countThatFits } from "../fit.ts";
import { cursor, id, name, pageLimit } from "../input.ts";
import {
  questionsOf,
  statusOf,
  taskLine,
  taskLineSchema,
  taskLink,
  taskSchema,
  taskStatuses,
  taskView,
  type WireStatus,
} from "../task-view.ts";
import { defineTool, given } from "../tool.ts";

/** One task, whole. */
export const taskGet = defineTool({
  name: "task_get",
  title: "Get a task",
  description:
    "A task with its status, answer, error, usage and open input requests. Does not wait: task_wait does.",
  input: z.strictObject({ task_id: id }),
  output: z.object({ task: taskSchema }),
  annotations: { readOnlyHint: true },
  forRuns: true,
  call: async ({ handle }, { task_id: taskId }) => {
    const task = await handle.task(taskId);
    const questions = await questionsOf(handle, task);
    return { value: { task: taskView(task, questions) }, whole: taskLink(taskId) };
  },
});

/** Statuses as the bridge keeps them: what was cancelled is kept as failed. */
function keptStatuses(asked: readonly WireStatus[]): readonly TaskStatus[] {
  return [...new Set(asked.map((status) => (status === "cancelled" ? "failed" : status)))];
}

type Filter = Parameters<Handle["tasks"]>[0];
type PageOf = { readonly limit: number; readonly after: string | null };

/** The tasks of a page that were asked for, and what follows. */
async function readPage(
  handle: Handle,
  of: { filter: Filter; status: readonly WireStatus[] | undefined },
  page: PageOf,
): Promise<{ tasks: readonly Task[]; next: string | null }> {
  const { items, next } = await handle.tasks(of.filter, page);
  return { tasks: items.filter((task) => of.status?.includes(statusOf(task)) ?? true), next };
}

/** Room for what stands around the list. */
const aroundBytes = 512;

/** The caller's tasks, newest first. */
export const taskList = defineTool({
  name: "task_list",
  title: "List tasks",
  description:
    "Your tasks, newest first, a page at a time: go on with next_cursor until it is null.",
  input: z.strictObject({
    status: z.array(z.enum(taskStatuses)).min(1).max(taskStatuses.length).optional(),
    kind: name.optional(),
    runner: name.optional(),
    conversation_id: id.optional(),
    cursor: cursor.optional().describe("next_cursor of the page before."),
    limit: pageLimit.default(20),
  }),
  output: z.object({ tasks: z.array(taskLineSchema), next_cursor: z.string().nullable() }),
  annotations: { readOnlyHint: true },
  forRuns: true,
  call: async ({ handle, answerBytes }, { status, cursor: after = null, limit, ...input }) => {
    const filter = given({
      status: status === undefined ? undefined : keptStatuses(status),
      kind: input.kind,
      runner: input.runner,
      conversationId: input.conversation_id,
    });
    const read = async (count: number): ReturnType<typeof readPage> =>
      await readPage(handle, { filter, status }, { limit: count, after });
    let page = await read(limit);
    const room = answerBytes - aroundBytes;
    // A page is shortened by asking for a shorter one, so that its cursor is right.
    for (let count = limit; ;) {
      const lines: readonly JsonObject[] = page.tasks.map((task) => taskLine(task));
      const fits = countThatFits(lines, room);
      if (fits >= lines.length || count === 1)
        return { value: { tasks: lines, next_cursor: page.next } };
      count = Math.min(fits, count - 1);
      page = await read(count);
    }
  },
});
