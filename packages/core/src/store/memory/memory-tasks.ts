import { isFinal } from "../../contract/task.ts";
import type { EndedTask, TaskRow } from "../rows.ts";
import type { TaskTable } from "../tables.ts";
import { newestFirst, oldestFirst, type Rows } from "./memory-rows.ts";

const add = (index: Map<string, Map<number, TaskRow>>, key: string, row: TaskRow): void => {
  const rows = index.get(key) ?? new Map<number, TaskRow>();
  index.set(key, rows.set(row.order, row));
};

const remove = (index: Map<string, Map<number, TaskRow>>, key: string, order: number): void => {
  const rows = index.get(key);
  rows?.delete(order);
  if (rows?.size === 0) index.delete(key);
};

function statsOf(rows: Rows<TaskRow>, open: Iterable<TaskRow>): ReturnType<TaskTable["stats"]> {
  const counts = { pending: 0, running: 0, input_required: 0, completed: 0, failed: 0 };
  for (const row of rows) if (row !== undefined) counts[row.task.status]++;
  const oldest = [...open].find((row) => row.task.status === "pending");
  return { counts, oldestPendingTime: oldest?.acceptedTime ?? null };
}

const matching =
  ({ owner, status, kind, runner, conversationId }: Parameters<TaskTable["list"]>[0]) =>
  ({ task }: TaskRow): boolean =>
    (owner === null || task.owner === owner) &&
    (status === undefined || status.includes(task.status)) &&
    (kind === undefined || task.kind === kind) &&
    (runner === undefined || task.runner === runner) &&
    (conversationId === undefined || task.conversationId === conversationId);

const toEnded = ({ task, order, endedTime }: TaskRow): EndedTask => {
  const { id, owner, conversationId, reply } = task;
  return { order, id, owner, conversationId, reply, endedTime: endedTime ?? 0 };
};

/** Tasks in memory: all by id and by order, the open ones by owner and conversation as well. */
export function memoryTasks(): TaskTable {
  const byId = new Map<string, number>();
  const rows: Rows<TaskRow> = [];
  const open = new Map<number, TaskRow>();
  const lanes = new Map<string, Map<number, TaskRow>>();
  const owners = new Map<string, Map<number, TaskRow>>();

  const keep = (row: TaskRow): TaskRow => {
    rows[row.order - 1] = row;
    const { conversationId, owner, status } = row.task;
    if (isFinal(status)) {
      open.delete(row.order);
      remove(owners, owner, row.order);
      if (conversationId !== null) remove(lanes, conversationId, row.order);
    } else {
      open.set(row.order, row);
      add(owners, owner, row);
      if (conversationId !== null) add(lanes, conversationId, row);
    }
    return row;
  };
  const lane = (conversationId: string): ReadonlyMap<number, TaskRow> =>
    lanes.get(conversationId) ?? new Map<number, TaskRow>();

  return {
    find: (id) => {
      const order = byId.get(id);
      return order === undefined ? undefined : rows[order - 1];
    },
    insert: (row) => {
      const order = rows.length + 1;
      byId.set(row.task.id, order);
      return keep({ ...row, order });
    },
    update: keep,
    heads: (runner) => [...open.values()].filter((row) => row.isHead && row.task.runner === runner),
    firstOpen: (conversationId) => lane(conversationId).values().next().value,
    countOpen: (conversationId) => lane(conversationId).size,
    load: (per, id) => {
      const own = [...((per === "owner" ? owners : lanes).get(id)?.values() ?? [])];
      return { count: own.length, bytes: own.reduce((sum, row) => sum + row.inputBytes, 0) };
    },
    openOf: (node) => [...open.values()].filter((row) => row.worker?.node === node),
    list: (filter, page) => newestFirst(rows, page, matching(filter)),
    stats: () => statsOf(rows, open.values()),
    isAnyIn: (conversationId) => rows.some((row) => row?.task.conversationId === conversationId),
    ended: (request) => oldestFirst(rows, request, (row) => row.endedTime).map(toEnded),
    remove: ({ id, order }) => {
      byId.delete(id);
      rows[order - 1] = undefined;
    },
  };
}
