import { isFinal, type JsonObject, type Question, type Task } from "@agent-bridge/core";
import * as z from "zod";
import { failureSchema, type Failure } from "./failure.ts";
import { questionsOf, taskLink, taskSchema, taskView } from "./task-view.ts";
import type { Answer, ToolCall } from "./tool.ts";
import { bounded, ticking } from "./waiting.ts";

/** What the tools that begin a task answer. */
export const outcomeShape = {
  task: taskSchema,
  created: z.boolean().describe("False: the idempotency key had this task already."),
  timed_out: z.boolean().describe("True: it is still at work. task_wait with its id waits on."),
  error: failureSchema.optional().describe("Why the agent failed."),
};

/** A failed task as a refusal of the agent's: its code, its text, and how one goes on. */
export function agentFailure(task: Task): Failure | undefined {
  if (task.status !== "failed" || task.error === null) return undefined;
  return {
    code: task.error.code,
    message: task.error.message,
    retryable: false,
    hint: "task_resume with a message goes on in the same conversation.",
    details: { task_id: task.id, conversation_id: task.conversationId },
  };
}

/** A task and whether it was still at work when the time was over. */
export interface Waited {
  readonly task: Task;
  readonly questions: readonly Question[];
  readonly timedOut: boolean;
}

/** Waits for a task that was begun to end, or to ask. A call that is answered by the task waits for nothing. */
export async function awaitTask(call: ToolCall, begun: Task, seconds: number): Promise<Waited> {
  const { handle, clock, signal } = call;
  const timeoutMs = call.asTask ? 0 : seconds * 1000;
  if (timeoutMs === 0) return { task: begun, questions: [], timedOut: false };
  using _ = ticking(call, `Task ${begun.id} is at work`);
  const work = async (): Promise<Waited> => {
    const waited = await handle.wait({ taskIds: [begun.id], timeoutMs, signal });
    const task = waited.tasks[0] ?? begun;
    return { task, questions: await questionsOf(handle, task), timedOut: waited.timedOut };
  };
  const waited = await bounded(clock, timeoutMs, work());
  return waited ?? { task: begun, questions: [], timedOut: true };
}

/** The answer of a tool that begins a task, also as the result of the task itself. */
export function outcome({ task, questions, timedOut }: Waited, more: JsonObject): Answer {
  const error = agentFailure(task);
  return {
    value: {
      task: taskView(task, questions),
      ...more,
      timed_out: timedOut,
      ...(error === undefined ? {} : { error: error as JsonObject }),
    },
    whole: taskLink(task.id),
    isError: error !== undefined,
  };
}

/** True when nothing more is to be waited for. */
export const hasEnded = (task: Task): boolean => isFinal(task.status);
