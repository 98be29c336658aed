import { newId } from "../contract/clock.ts";
import type { NewEvent } from "../contract/event.ts";
import type { Ending } from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import type { Task } from "../contract/task.ts";
import type { TaskRow } from "./rows.ts";
import {
  appendEvent,
  closeQuestion,
  enqueue,
  hasDestination,
  hintAcks,
  promoteLane,
  questionOf,
  type TableContext,
} from "./table-context.ts";

function terminalEvent(ending: Ending): NewEvent {
  if (ending.status === "completed")
    return { type: "task.completed", data: { output: ending.output ?? "" } };
  const { code, message, exitCode } = ending.error ?? {
    code: "runner_failed" as const,
    message: ending.reply,
    exitCode: undefined,
  };
  return {
    type: "task.failed",
    data: { error: message, code, ...(exitCode === undefined ? {} : { exitCode }) },
  };
}

/**
 * Ends an open task: its open question is void, the terminal event is the last but for `reply.*`, and
 * status, output, history and reply are recorded with it.
 */
export function endTask(
  context: TableContext,
  row: TaskRow,
  of: { readonly ending: Ending; readonly hints: Hint[] },
): Task {
  const { tables, clock, random } = context;
  const { ending, hints } = of;
  closeQuestion(context, row, { question: questionOf(context, row), state: "void" });
  appendEvent(context, row, terminalEvent(ending));
  const hasReply = hasDestination(row);
  const task: Task = {
    ...row.task,
    status: ending.status,
    output: ending.output === null ? null : { output: ending.output },
    error: ending.error,
    progress: ending.status === "completed" ? 1 : row.task.progress,
    reply: hasReply ? "pending" : "none",
    endedAt: clock.now(),
  };
  const ended: TaskRow = {
    ...row,
    task,
    isHead: false,
    isHeld: false,
    isLost: false,
    process: null,
    suspension: null,
    endedTime: clock.steady(),
  };
  tables.tasks.update(ended);
  if (ending.output !== null && ending.output !== "" && task.conversationId !== null) {
    tables.conversations.addMessage(task.conversationId, {
      role: "assistant",
      text: ending.output,
      taskId: task.id,
      at: clock.now(),
    });
  }
  const { reply: text, attachments = [] } = ending;
  enqueue(context, ended, { id: newId("reply", random), type: "reply", text, attachments });
  promoteLane(context, task.conversationId);
  hints.push({ topic: "events", taskId: task.id }, { topic: "work" });
  if (hasReply) hints.push({ topic: "outbox" });
  else hintAcks(ended, hints);
  return task;
}
