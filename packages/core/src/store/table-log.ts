import { decodeCursor, encodeCursor } from "../contract/cursor.ts";
import { BridgeError } from "../contract/errors.ts";
import type { EventFilter, Hint, Log, LogGap } from "../contract/log.ts";
import type { EventRow } from "./rows.ts";
import { isInScope, ownerIn, scanSpan } from "./rules.ts";
import { type TableContext, toEvent } from "./table-context.ts";

/** Rows after a position, and the position to go on from. */
interface Stretch {
  readonly rows: readonly EventRow[];
  readonly next: number;
}

function ofTask(
  context: TableContext,
  filter: EventFilter & { taskId: string },
  of: { after: number; limit: number; head: number },
): Stretch {
  const { tasks, events } = context.tables;
  const row = tasks.find(filter.taskId);
  if (row === undefined || !isInScope(row.task.owner, filter.scope))
    return { rows: [], next: of.head };
  if (filter.conversationId !== undefined && row.task.conversationId !== filter.conversationId)
    return { rows: [], next: of.head };
  const found = events.ofTask(filter.taskId, of.after, of.limit);
  const { types } = filter;
  const rows = types === undefined ? found : found.filter((event) => types.includes(event.type));
  const last = found.at(-1);
  return { rows, next: found.length < of.limit || last === undefined ? of.head : last.position };
}

function ofLog(
  context: TableContext,
  filter: EventFilter,
  of: { after: number; limit: number; head: number },
): Stretch {
  const through = Math.min(of.head, of.after + scanSpan);
  const rows = context.tables.events.range({
    after: of.after,
    through,
    limit: of.limit,
    owner: ownerIn(filter.scope),
    conversationId: filter.conversationId ?? null,
    types: filter.types ?? null,
  });
  const last = rows.at(-1);
  return { rows, next: rows.length < of.limit || last === undefined ? through : last.position };
}

/** What is gone of what a reader asked for. A task's own log has no gaps. */
function gapOf(
  { tables, storeId }: TableContext,
  filter: EventFilter,
  of: { cursor: string | null; after: number },
): LogGap | null {
  if (filter.taskId !== undefined) return null;
  const owner = ownerIn(filter.scope);
  const floor = tables.events.floor({ owner, conversationId: filter.conversationId ?? null });
  if (floor <= of.after) return null;
  return { type: "log.gap", after: of.cursor, through: encodeCursor(storeId, floor) };
}

function read(
  context: TableContext,
  request: Parameters<Log["read"]>[0],
): Awaited<ReturnType<Log["read"]>> {
  const { storeId, tables } = context;
  const { after: cursor, limit, ...filter } = request;
  const head = tables.events.head();
  const after = decodeCursor(storeId, cursor);
  if (after > head)
    throw new BridgeError("CURSOR_AHEAD", {
      cursor: cursor ?? "",
      head: encodeCursor(storeId, head),
    });
  const bounded = Math.min(Math.max(1, limit), 10_000);
  const { taskId } = filter;
  const place = { after, limit: bounded, head };
  const { rows, next } =
    taskId === undefined
      ? ofLog(context, filter, place)
      : ofTask(context, { ...filter, taskId }, place);
  return {
    events: rows.map((row) => toEvent(storeId, row)),
    next: encodeCursor(storeId, next),
    atHead: next >= head,
    gap: gapOf(context, filter, { cursor, after }),
  };
}

/** The log, over tables. `watch` is given by whoever commits. */
export function tableLog(
  context: TableContext,
  watch: (listener: (hint: Hint) => void) => Disposable,
): Log {
  return {
    read: async (request) => await context.read(() => read(context, request)),
    head: async () =>
      await context.read(() => encodeCursor(context.storeId, context.tables.events.head())),
    watch,
  };
}
