import { withAttachmentLines } from "../attachment-lines.ts";
import type { NewDeadLetter } from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import type { Outbox, OutboxItem } from "../contract/outbox.ts";
import type { ReplyState } from "../contract/task.ts";
import type { WorkerId } from "../contract/work.ts";
import type { OutboxRow } from "./rows.ts";
import { deadLetterText, isSameWorker, isSendable } from "./rules.ts";
import { appendEvent, hintAcks, type TableContext, taskOf } from "./table-context.ts";

/** Of what a try came to, so many characters are kept. */
const maxProblem = 1000;

function toItem(row: OutboxRow, time: number): OutboxItem {
  const isStale = row.state === "sending";
  return {
    ...row.item,
    state: isStale ? "sending" : "pending",
    tries: row.tries,
    ageMs: time - row.queuedTime,
    unknown: row.unknown || isStale,
  };
}

/** Notes on the task where its reply stands. */
function noteReply(context: TableContext, row: OutboxRow, reply: ReplyState): void {
  if (row.item.type !== "reply") return;
  const found = taskOf(context, row);
  if (found !== undefined)
    context.tables.tasks.update({ ...found, task: { ...found.task, reply } });
}

/** Lets the next of a line be sent. */
function promoteLine(context: TableContext, line: string): void {
  const { outbox } = context.tables;
  const next = outbox.firstOf(line);
  if (next !== undefined && !next.isHead) outbox.update({ ...next, isHead: true });
}

/** The row that this worker is sending; undefined when another took it or it is done. */
function sentBy(context: TableContext, id: string, worker: WorkerId): OutboxRow | undefined {
  const row = context.tables.outbox.find(id);
  return row?.state === "sending" && isSameWorker(row.worker, worker) ? row : undefined;
}

/** Ends an item: what follows of its line may go, and its task's message may be settled. */
function close(context: TableContext, row: OutboxRow, hints: Hint[]): void {
  const { outbox } = context.tables;
  outbox.update({ ...row, isHead: false });
  promoteLine(context, row.line);
  hints.push({ topic: "outbox" });
  // What is no task's would be kept by nothing and for nobody.
  if (row.item.taskId === null && row.state === "delivered") outbox.remove(row.item.id);
  const task = taskOf(context, row);
  if (task === undefined) return;
  hints.push({ topic: "events", taskId: task.task.id });
  hintAcks(task, hints);
}

function take(
  context: TableContext,
  of: { ids: readonly string[]; worker: WorkerId; holdMs: number },
): readonly string[] {
  const { tables, clock } = context;
  const time = clock.steady();
  return of.ids.filter((id) => {
    const row = tables.outbox.find(id);
    if (row === undefined || !isSendable(row, time)) return false;
    const unknown = row.unknown || row.state === "sending";
    tables.outbox.update({
      ...row,
      state: "sending",
      worker: of.worker,
      waitUntil: time + of.holdMs,
      tries: row.tries + 1,
      unknown,
    });
    noteReply(context, row, "sending");
    return true;
  });
}

function deliver(
  context: TableContext,
  of: { row: OutboxRow; ref: string | null; repeated: boolean },
  hints: Hint[],
): void {
  const { row, ref, repeated } = of;
  const task = taskOf(context, row);
  if (task !== undefined && row.item.type === "reply")
    appendEvent(context, task, { type: "reply.delivered", data: { repeated } });
  noteReply(context, row, "delivered");
  close(context, { ...row, state: "delivered", ref }, hints);
}

function bury(
  context: TableContext,
  of: { row: OutboxRow; letter: Pick<NewDeadLetter, "id" | "reason" | "detail"> },
  hints: Hint[],
): void {
  const { tables, clock } = context;
  const { row, letter } = of;
  const { taskId, channel, text, type, attachments } = row.item;
  const task = taskOf(context, row);
  const kind = task?.task.kind ?? null;
  const messageId = task?.messageKey ?? null;
  tables.deadLetters.insert({
    ...letter,
    ...deadLetterText(withAttachmentLines(text, attachments)),
    kind,
    workspace: task?.provenance.workspace ?? "",
    channel,
    messageId,
    taskId,
    itemId: row.item.id,
    at: clock.now(),
    madeTime: clock.steady(),
  });
  if (task !== undefined && type === "reply") {
    appendEvent(context, task, {
      type: "reply.failed",
      data: { reason: letter.detail, deadLetterId: letter.id },
    });
  }
  noteReply(context, row, "dead");
  close(context, { ...row, state: "dead" }, hints);
}

function postpone(
  context: TableContext,
  of: { row: OutboxRow; delayMs: number; unknown: boolean; detail: string },
  hints: Hint[],
): void {
  const { row, delayMs, unknown, detail } = of;
  context.tables.outbox.update({
    ...row,
    state: "pending",
    worker: null,
    waitUntil: context.clock.steady() + delayMs,
    // Once a try may have arrived, no later one can take that back.
    unknown: row.unknown || unknown,
    problem: detail.slice(0, maxProblem),
  });
  noteReply(context, row, "pending");
  hints.push({ topic: "outbox" });
}

function due(
  context: TableContext,
  channels: readonly string[],
  limit: number,
): readonly OutboxItem[] {
  const { tables, clock } = context;
  const time = clock.steady();
  const items: OutboxItem[] = [];
  for (const row of tables.outbox.heads(channels)) {
    if (items.length >= limit) break;
    if (isSendable(row, time)) items.push(toItem(row, time));
  }
  return items;
}

function nextDueMs(context: TableContext, channels: readonly string[]): number | null {
  const { tables, clock } = context;
  const time = clock.steady();
  let least: number | null = null;
  for (const row of tables.outbox.heads(channels)) {
    const wait = row.waitUntil - time;
    if (row.state === "pending" && wait > 0) least = Math.min(least ?? wait, wait);
  }
  return least;
}

/** The outbox, over tables. */
export function tableOutbox(context: TableContext): Outbox {
  /** Runs a change of the item that this worker is sending; what it no longer holds is left as it is. */
  const change = async (
    of: { id: string; worker: WorkerId },
    run: (row: OutboxRow, hints: Hint[]) => void,
  ): Promise<void> => {
    const { id, worker } = structuredClone(of);
    await context.write((hints) => {
      const row = sentBy(context, id, worker);
      if (row !== undefined) run(row, hints);
    });
  };
  return {
    due: async (channels, limit) => await context.read(() => due(context, channels, limit)),
    nextDueMs: async (channels) => await context.read(() => nextDueMs(context, channels)),
    sending: async (ids, worker, holdMs) => {
      const given = structuredClone({ ids, worker, holdMs });
      return await context.write(() => take(context, given));
    },
    delivered: async (id, worker, { ref, repeated }) =>
      await change({ id, worker }, (row, hints) => deliver(context, { row, ref, repeated }, hints)),
    postpone: async (id, worker, { delayMs, unknown, detail }) =>
      await change({ id, worker }, (row, hints) =>
        postpone(context, { row, delayMs, unknown, detail }, hints),
      ),
    dead: async (id, worker, deadLetter) => {
      const letter = structuredClone(deadLetter);
      await change({ id, worker }, (row, hints) => bury(context, { row, letter }, hints));
    },
  };
}
