import { type EndedTask, isFinal, type TaskRow } from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import type { Raw, Stored } from "../view/columns.ts";

type Task = TaskRow["task"];

/** What was fixed when the task was accepted; kept apart from what changes. */
type Request = Pick<
  TaskRow,
  "provenance" | "rules" | "questions" | "destination" | "messageKey" | "acceptedTime"
> &
  Pick<Task, "input">;

/** The rest, but for what has a column of its own. */
type Live = Omit<TaskRow, keyof Request | "order" | "task"> & {
  readonly task: Omit<Task, "input" | "output"> & { readonly hasOutput: boolean };
};

function split(row: TaskRow): { readonly request: Request; readonly live: Live } {
  const { task, provenance, rules, questions, destination, messageKey, acceptedTime, ...rest } =
    row;
  const { input, output, ...changing } = task;
  const { order: _, ...fields } = rest;
  return {
    request: { provenance, rules, questions, destination, messageKey, acceptedTime, input },
    live: { ...fields, task: { ...changing, hasOutput: output !== null } },
  };
}

/** The task of a row. The store wrote it, so its shape is known. */
function parse(raw: Raw): TaskRow {
  const { input, ...fixed } = JSON.parse(raw["request"] as string) as Request;
  const { task: live, ...rest } = JSON.parse(raw["live"] as string) as Live;
  const { hasOutput, ...task } = live;
  const output = hasOutput ? { output: JSON.parse(raw["answer"] as string) as string } : null;
  return { order: Number(raw["ord"]), ...fixed, ...rest, task: { ...task, input, output } };
}

/** How tasks are stored. `request` and `answer` may be large, and do not change. */
export const storedTasks: Stored<TaskRow> = {
  table: "task",
  columns: {
    ord: { type: "bigint", of: ({ order }) => order },
    id: { type: "text", of: ({ task }) => exact(task.id), fixed: "once" },
    owner: { type: "text", of: ({ task }) => digest(task.owner), fixed: "once" },
    kind: { type: "text", of: ({ task }) => exact(task.kind), fixed: "once" },
    runner: { type: "text", of: ({ task }) => exact(task.runner), fixed: "once" },
    conversation: {
      type: "text",
      of: ({ task }) => (task.conversationId === null ? null : exact(task.conversationId)),
      fixed: "once",
    },
    request: { type: "text", of: (row) => JSON.stringify(split(row).request), fixed: "once" },
    status: { type: "text", of: ({ task }) => task.status },
    is_open: { type: "boolean", of: ({ task }) => !isFinal(task.status) },
    is_head: { type: "boolean", of: ({ isHead }) => isHead },
    node: { type: "text", of: ({ worker }) => (worker === null ? null : exact(worker.node)) },
    live: { type: "text", of: (row) => JSON.stringify(split(row).live) },
    bytes: { type: "bigint", of: ({ inputBytes }) => inputBytes, fixed: "once" },
    ended: { type: "double precision", of: ({ endedTime }) => endedTime },
    answer: {
      type: "text",
      of: ({ task }) => (task.output === null ? null : JSON.stringify(task.output.output)),
      fixed: "kept",
    },
  },
  parse,
};

/** What has to be known of an ended task to remove it, of its `live`. */
export function parseEnded(raw: Raw): EndedTask {
  const { task, endedTime } = JSON.parse(raw["live"] as string) as Live;
  const { id, owner, conversationId, reply } = task;
  return {
    order: Number(raw["ord"]),
    id,
    owner,
    conversationId,
    reply,
    endedTime: endedTime ?? 0,
  };
}
