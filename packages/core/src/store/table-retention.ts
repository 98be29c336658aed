import { BridgeError } from "../contract/errors.ts";
import type { RemovalStep, Removed, Retention } from "../contract/retention.ts";
import type { EndedTask } from "./rows.ts";
import { removeDeadLetter } from "./retrying.ts";
import { isSettledReply } from "./rules.ts";
import type { TableContext } from "./table-context.ts";
import type { OldestFirst } from "./tables.ts";

/** The most rows that one step looks at. */
const maxStep = 1_000;
/** After so long a step ends: nothing else is done by this process meanwhile. */
const stepMs = 20;

type Place = NonNullable<OldestFirst["after"]>;

const nameOf = ({ time, order }: Place): string => `${time}:${order}`;

/** @throws BridgeError CURSOR_INVALID when no step gave it */
function placeOf(after: string | null): Place | null {
  if (after === null) return null;
  const match = /^(-?\d{1,20}(?:\.\d{1,20})?):(\d{1,15})$/.exec(after);
  if (match === null) throw new BridgeError("CURSOR_INVALID", { cursor: after.slice(0, 100) });
  return { time: Number(match[1]), order: Number(match[2]) };
}

/** Where a step stands that has looked at nothing yet. */
const beginning: Place = { time: 0, order: 0 };

/** The rows that a step looks at. */
function requestOf({ clock }: TableContext, step: RemovalStep): OldestFirst {
  const through = clock.steady() - Math.max(0, step.olderThanMs);
  const limit = Math.min(Math.max(1, Math.trunc(step.limit)), maxStep);
  return { after: placeOf(step.after), through, limit };
}

/** How far a step has come; `isDone` when there is nothing behind that place. */
interface Course {
  readonly place: Place;
  readonly isDone: boolean;
}

const nextOf = ({ place, isDone }: Course): string | null => (isDone ? null : nameOf(place));

/** Looks at rows one after the other, for as long as a step may take, or until one is `undefined`: enough. */
function walk<Row>(
  context: TableContext,
  of: { readonly request: OldestFirst; readonly rows: readonly Row[] },
  look: (row: Row) => Place | undefined,
): Course {
  const { request, rows } = of;
  const began = context.clock.steady();
  let place = request.after ?? beginning;
  for (const row of rows) {
    if (context.clock.steady() - began >= stepMs) return { place, isDone: false };
    const next = look(row);
    if (next === undefined) return { place, isDone: true };
    place = next;
  }
  return { place, isDone: rows.length < request.limit };
}

/** True when nothing waits for anything of this task any more. */
function isOver({ tables }: TableContext, task: EndedTask): boolean {
  return (
    isSettledReply(task.reply) &&
    !tables.outbox.isAnyOpen(task.id) &&
    !tables.deadLetters.isAnyOf(task.id) &&
    tables.messages
      .ofTask(task.id)
      .every(({ from, isAcknowledged }) => from === null || isAcknowledged)
  );
}

/** @returns how many events it had */
function removeTask({ tables, clock }: TableContext, task: EndedTask): number {
  for (const message of tables.messages.ofTask(task.id))
    tables.messages.update({ ...message, agingTime: clock.steady() });
  tables.questions.removeOf(task.id);
  tables.outbox.removeOf(task.id);
  tables.conversations.removeMessages(task);
  const events = tables.events.remove(task);
  tables.tasks.remove(task);
  return events;
}

type TaskStep = Parameters<Retention["removeTasks"]>[0];

function removeTasks(
  context: TableContext,
  step: TaskStep,
): Awaited<ReturnType<Retention["removeTasks"]>> {
  const { tasks, events, space } = context.tables;
  const request = requestOf(context, step);
  const removed = { count: 0, events: 0 };
  // What is left of earlier ones counts as used: it goes first.
  if (!events.clear()) return { ...removed, next: nameOf(request.after ?? beginning) };
  const course = walk(context, { request, rows: tasks.ended(request) }, (task) => {
    // Only what is deleted already tells whether it was enough.
    if (step.keepBytes > 0 && (!events.clear() || space.usedBytes() <= step.keepBytes))
      return undefined;
    if (isOver(context, task)) {
      removed.events += removeTask(context, task);
      removed.count++;
    }
    return { time: task.endedTime, order: task.order };
  });
  // Of what was removed just now something may be left.
  return { ...removed, next: removed.count > 0 ? nameOf(course.place) : nextOf(course) };
}

function removeMessages(context: TableContext, step: RemovalStep): Removed {
  const { messages } = context.tables;
  const request = requestOf(context, step);
  const rows = messages.aged(request);
  let count = 0;
  const course = walk(context, { request, rows }, (message) => {
    messages.remove(message);
    count++;
    return { time: message.agingTime ?? 0, order: message.order };
  });
  return { count, next: nextOf(course) };
}

function removeConversations(context: TableContext, step: RemovalStep): Removed {
  const { conversations, tasks } = context.tables;
  const request = requestOf(context, step);
  const rows = conversations.unused(request);
  let count = 0;
  const course = walk(context, { request, rows }, (row) => {
    if (!tasks.isAnyIn(row.id)) {
      conversations.remove(row);
      count++;
    }
    return { time: row.activeTime, order: row.order };
  });
  return { count, next: nextOf(course) };
}

function removeDeadLetters(
  context: TableContext,
  step: Parameters<Retention["removeDeadLetters"]>[0],
): Removed {
  const { deadLetters } = context.tables;
  const { through, limit } = requestOf(context, step);
  let { count: kept, bytes } = deadLetters.total();
  for (let count = 0; ; count++) {
    const oldest = deadLetters.oldest();
    const isKept = kept <= step.keepCount && bytes <= step.keepBytes;
    if (oldest === undefined || (isKept && oldest.madeTime > through)) return { count, next: null };
    if (count === limit) return { count, next: nameOf(beginning) };
    removeDeadLetter(context, oldest.id);
    kept--;
    bytes -= oldest.bytes;
  }
}

/** The way out, over tables. */
export function tableRetention(context: TableContext, giveBack: Retention["giveBack"]): Retention {
  const run = async <S extends RemovalStep, R>(
    step: S,
    change: (context: TableContext, step: S) => R,
  ): Promise<R> => {
    const given = { ...step };
    return await context.write(() => change(context, given), "running");
  };
  return {
    removeTasks: async (step) => await run(step, removeTasks),
    removeMessages: async (step) => await run(step, removeMessages),
    removeDeadLetters: async (step) => await run(step, removeDeadLetters),
    removeConversations: async (step) => await run(step, removeConversations),
    giveBack,
    size: async () =>
      await context.read(() => ({
        usedBytes: context.tables.space.usedBytes(),
        totalBytes: context.tables.space.totalBytes(),
      })),
  };
}
