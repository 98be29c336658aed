import type { BridgeEvent, Conversation, HistoryMessage, Question, Task } from "@agent-bridge/core";
import type { PortalEvent, PortalTask } from "./protocol.ts";

const time = (ms: number): string => new Date(ms).toISOString();
const timeOrNull = (ms: number | null): string | null => (ms === null ? null : time(ms));

/** A task as the socket shows it: a cancelled one has a status of its own there. */
export function taskView(task: Task): PortalTask {
  const { id, kind, runner, conversationId, status, input, output, error, progress, usage } = task;
  return {
    id,
    kind,
    runner,
    conversationId,
    status: error?.code === "cancelled" ? "cancelled" : status,
    prompt: input.prompt,
    output: output?.output ?? null,
    error: error === null ? null : { code: error.code, message: error.message },
    progress,
    usage: usage === null ? null : { ...usage },
    continues: task.continues,
    createdAt: time(task.createdAt),
    startedAt: timeOrNull(task.startedAt),
    endedAt: timeOrNull(task.endedAt),
  };
}

/** An event as the socket shows it. */
export function eventView(event: BridgeEvent): PortalEvent {
  const { cursor, taskId, conversationId, seq, type, at } = event;
  const cut = event.cut === undefined ? {} : { cut: event.cut };
  return {
    cursor,
    taskId,
    conversationId,
    seq,
    type,
    at: time(at),
    data: { ...event.data, ...cut },
  };
}

/** A question as the socket shows it. */
export function questionView(question: Question) {
  const { id, taskId, type, mode, state, title, details, answer } = question;
  return {
    id,
    taskId,
    type,
    mode,
    state,
    title,
    details,
    action: answer?.action ?? null,
    askedAt: time(question.askedAt),
    deadlineAt: time(question.deadlineAt),
  };
}

/** A conversation as the socket shows it. */
export function conversationView(conversation: Conversation) {
  const { id, key, channel, workspace, openTasks } = conversation;
  const { createdAt, lastActiveAt } = conversation;
  return {
    id,
    name: key,
    channel,
    workspace,
    openTasks,
    createdAt: time(createdAt),
    lastActiveAt: time(lastActiveAt),
  };
}

/** A message of a conversation's history. */
export function messageView({ role, text, taskId, at }: HistoryMessage) {
  return { role, text, taskId, at: time(at) };
}
