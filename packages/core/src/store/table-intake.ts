import type { Accepted, AckDue, Intake } from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import { isFinal, type Task } from "../contract/task.ts";
import { acceptMessage, checkOutcome } from "./accept.ts";
import { answerQuestion } from "./answering.ts";
import { endTask } from "./ending.ts";
import type { MessageRow } from "./rows.ts";
import { isInScope, isSettled, mergedMetadata } from "./rules.ts";
import { dropDeadLetters, retryDeadLetter } from "./retrying.ts";
import { appendEvent, type TableContext } from "./table-context.ts";

function requestCancel(
  context: TableContext,
  request: Parameters<Intake["requestCancel"]>[0],
  hints: Hint[],
): Awaited<ReturnType<Intake["requestCancel"]>> {
  const { tables } = context;
  const row = tables.tasks.find(request.taskId);
  if (row === undefined || !isInScope(row.task.owner, request.scope)) return undefined;
  if (isFinal(row.task.status) || row.task.cancelRequested)
    return { changed: false, task: row.task };
  const { by, reason, ending } = request;
  const marked = { ...row, task: { ...row.task, cancelRequested: true } };
  tables.tasks.update(marked);
  appendEvent(context, marked, {
    type: "task.cancel_requested",
    data: { by, ...(reason === null ? {} : { reason }) },
  });
  if (!row.isHeld) return { changed: true, task: endTask(context, marked, { ending, hints }) };
  hints.push({ topic: "events", taskId: row.task.id }, { topic: "news", taskId: row.task.id });
  return { changed: true, task: marked.task };
}

function mergeMetadata(
  context: TableContext,
  request: Parameters<Intake["mergeMetadata"]>[0],
): Task | undefined {
  const { tasks } = context.tables;
  const row = tasks.find(request.taskId);
  if (row === undefined || !isInScope(row.task.owner, request.scope)) return undefined;
  const task = { ...row.task, metadata: mergedMetadata(row.task.metadata, request.metadata) };
  tasks.update({ ...row, task });
  return task;
}

const nameOf = ({ message }: { message: MessageRow }): string => String(message.order);

function acksDue(
  context: TableContext,
  channel: string,
  style: "log" | "queue",
): readonly AckDue[] {
  const { tables } = context;
  const due: { message: MessageRow; ack: AckDue["ack"] }[] = [];
  for (const message of tables.messages.unacknowledged(channel)) {
    const row = message.taskId === null ? undefined : tables.tasks.find(message.taskId);
    if (isSettled(message, row)) due.push({ message, ack: message.from?.ack ?? null });
    else if (style === "log") break;
  }
  if (style === "queue")
    return due.map((item) => ({ channel, ack: item.ack, messages: [nameOf(item)] }));
  const newest = due.at(-1);
  return newest === undefined ? [] : [{ channel, ack: newest.ack, messages: due.map(nameOf) }];
}

function acknowledge(
  context: TableContext,
  of: { channel: string; messages: readonly string[] },
  hints: Hint[],
): void {
  for (const order of of.messages) {
    const message = context.tables.messages.find(Number(order));
    if (message?.from?.channel === of.channel)
      context.tables.messages.update({ ...message, isAcknowledged: true });
  }
  hints.push({ topic: "acks", channel: of.channel });
}

/** The way in, over tables. */
export function tableIntake(context: TableContext): Intake {
  const { tables } = context;
  return {
    accept: async (batch) => {
      const { messages, position } = structuredClone(batch);
      for (const message of messages) checkOutcome(message.outcome);
      const change = (hints: Hint[]): readonly Accepted[] => {
        const results = messages.map((message) => acceptMessage(context, message, hints));
        if (position !== undefined) tables.messages.savePosition(position.channel, position.next);
        return results;
      };
      return await context.write(change, "new");
    },
    position: async (channel) => await context.read(() => tables.messages.position(channel)),
    requestCancel: async (request) => {
      const given = structuredClone(request);
      return await context.write((hints) => requestCancel(context, given, hints));
    },
    answer: async (request) => {
      const given = structuredClone(request);
      return await context.write((hints) => answerQuestion(context, given, hints));
    },
    mergeMetadata: async (request) => {
      const given = structuredClone(request);
      return await context.write(() => mergeMetadata(context, given), "running");
    },
    acksDue: async (channel, style) => await context.read(() => acksDue(context, channel, style)),
    acknowledged: async (channel, messages) => {
      const given = { channel, messages: [...messages] };
      await context.write((hints) => acknowledge(context, given, hints));
    },
    retryDeadLetter: async (request) => {
      const given = structuredClone(request);
      if (given.outcome !== null) checkOutcome(given.outcome);
      return await context.write((hints) => retryDeadLetter(context, given, hints), "new");
    },
    dropDeadLetters: async (deadLetterIds) => {
      const ids = [...deadLetterIds];
      return await context.write(() => dropDeadLetters(context, ids));
    },
    unacknowledged: async (channel) =>
      await context.read(() => tables.messages.countUnacknowledged(channel)),
  };
}
