import { Buffer } from "node:buffer";
import type { Json } from "../../contract/json.ts";
import type { StoreStats } from "../../contract/queries.ts";
import type {
  BudgetRow,
  DeadLetterRow,
  LeaseRow,
  MessageRow,
  OutboxRow,
  QuestionRow,
} from "../rows.ts";
import type {
  BudgetTable,
  DeadLetterTable,
  LeaseTable,
  MessageTable,
  OutboxTable,
  QuestionTable,
  Tables,
} from "../tables.ts";
import { addedUse } from "../budgets.ts";
import { memoryConversations } from "./memory-conversations.ts";
import { memoryEvents } from "./memory-events.ts";
import { oldestFirst, type Rows } from "./memory-rows.ts";
import { memoryTasks } from "./memory-tasks.ts";

function memoryMessages(): MessageTable {
  const rows: Rows<MessageRow> = [];
  const byKey = new Map<string, number>();
  const waiting = new Map<string, Map<number, MessageRow>>();
  const positions = new Map<string, Json>();
  const keep = (row: MessageRow): void => {
    rows[row.order - 1] = row;
    if (row.from === null) return;
    const own = waiting.get(row.from.channel) ?? new Map<number, MessageRow>();
    waiting.set(row.from.channel, own);
    if (row.isAcknowledged) own.delete(row.order);
    else own.set(row.order, row);
  };
  return {
    known: (scope, key) => {
      const order = byKey.get(JSON.stringify([scope, key]));
      return order === undefined ? undefined : rows[order - 1];
    },
    insert: (row) => {
      const order = rows.length + 1;
      if (row.dedupe !== null) byKey.set(JSON.stringify([row.dedupe.scope, row.dedupe.key]), order);
      keep({ ...row, order });
    },
    update: keep,
    find: (order) => rows[order - 1],
    // One that is due again stands at the end of the map, but in its old place in the order.
    unacknowledged: (channel) =>
      [...(waiting.get(channel)?.values() ?? [])].toSorted((a, b) => a.order - b.order),
    countUnacknowledged: (channel) => waiting.get(channel)?.size ?? 0,
    position: (channel) => positions.get(channel) ?? null,
    savePosition: (channel, position) => void positions.set(channel, position),
    ofTask: (taskId) =>
      rows.filter((row) => row !== undefined).filter((row) => row.taskId === taskId),
    aged: (request) =>
      oldestFirst(rows, request, ({ from, isAcknowledged, agingTime }) =>
        from === null || isAcknowledged ? agingTime : null,
      ),
    remove: ({ order, dedupe }) => {
      rows[order - 1] = undefined;
      if (dedupe !== null) byKey.delete(JSON.stringify([dedupe.scope, dedupe.key]));
    },
  };
}

function memoryQuestions(): QuestionTable {
  const rows = new Map<string, QuestionRow>();
  let order = 0;
  return {
    find: (id) => rows.get(id),
    insert: (row) => {
      const inserted = { ...row, order: ++order };
      rows.set(row.question.id, inserted);
      return inserted;
    },
    update: (row) => void rows.set(row.question.id, row),
    ofTask: (taskId) => [...rows.values()].filter((row) => row.question.taskId === taskId),
    removeOf: (taskId) => {
      for (const [id, row] of rows) if (row.question.taskId === taskId) rows.delete(id);
    },
    countOpen: () => [...rows.values()].filter((row) => row.question.state === "open").length,
  };
}

function memoryOutbox(): OutboxTable {
  const rows = new Map<string, OutboxRow>();
  const open = new Map<number, OutboxRow>();
  let order = 0;
  const keep = (row: OutboxRow): void => {
    rows.set(row.item.id, row);
    if (row.state === "pending" || row.state === "sending") open.set(row.order, row);
    else open.delete(row.order);
  };
  // One that was taken up again stands at the end of the map, but in its old place in the order.
  const inOrder = (): OutboxRow[] => [...open.values()].toSorted((a, b) => a.order - b.order);
  return {
    find: (id) => rows.get(id),
    insert: (row) => keep({ ...row, order: ++order }),
    update: keep,
    heads: (channels) =>
      inOrder().filter((row) => row.isHead && channels.includes(row.item.channel)),
    firstOf: (line) => inOrder().find((row) => row.line === line),
    sendingBy: (node) =>
      inOrder().filter((row) => row.state === "sending" && row.worker?.node === node),
    deliveredReply: (channel, ref) =>
      [...rows.values()].findLast(
        (row) =>
          row.state === "delivered" &&
          row.item.type === "reply" &&
          row.item.channel === channel &&
          row.ref === ref,
      ),
    countOpen: () => open.size,
    remove: (id) => void rows.delete(id),
    isAnyOpen: (taskId) => [...open.values()].some((row) => row.item.taskId === taskId),
    removeOf: (taskId) => {
      for (const [id, row] of rows) if (row.item.taskId === taskId) rows.delete(id);
    },
  };
}

const loadOf = (
  rows: readonly DeadLetterRow[],
): { readonly count: number; readonly bytes: number } => ({
  count: rows.length,
  bytes: rows.reduce((sum, row) => sum + Buffer.byteLength(row.payload), 0),
});

function memoryDeadLetters(): DeadLetterTable {
  const rows = new Map<string, DeadLetterRow>();
  const counted = new Map<string, StoreStats["onlyCounted"][number]>();
  let order = 0;
  return {
    insert: (row) => void rows.set(row.id, { ...row, order: ++order }),
    remove: (id) => void rows.delete(id),
    find: (id) => rows.get(id),
    list: ({ limit, before }) =>
      [...rows.values()]
        .filter((row) => before === null || row.order < before)
        .toReversed()
        .slice(0, limit),
    count: () => rows.size,
    load: (channel, reason) =>
      loadOf([...rows.values()].filter((row) => row.channel === channel && row.reason === reason)),
    countOnly: (channel, reason) => {
      const key = JSON.stringify([channel, reason]);
      counted.set(key, { channel, reason, count: (counted.get(key)?.count ?? 0) + 1 });
    },
    onlyCounted: () =>
      [...counted].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row),
    oldest: () => {
      const row = rows.values().next().value;
      return row && { id: row.id, madeTime: row.madeTime, bytes: Buffer.byteLength(row.payload) };
    },
    total: () => loadOf([...rows.values()]),
    isAnyOf: (taskId) => [...rows.values()].some((row) => row.taskId === taskId),
  };
}

function memoryLeases(): LeaseTable {
  const rows = new Map<string, LeaseRow>();
  return {
    find: (name) => rows.get(name),
    save: (row) => void rows.set(row.name, row),
    remove: (name) => void rows.delete(name),
    ofNode: (node) => [...rows.values()].filter((row) => row.worker.node === node),
  };
}

function memoryBudgets(): BudgetTable {
  const rows = new Map<string, Map<number, BudgetRow>>();
  return {
    add: (row) => {
      const own = rows.get(row.key) ?? new Map<number, BudgetRow>();
      const known = own.get(row.until);
      rows.set(row.key, own.set(row.until, known === undefined ? row : addedUse(row, known)));
    },
    parts: (key, time) => [...(rows.get(key)?.values() ?? [])].filter(({ until }) => until > time),
    tidy: (time) => {
      for (const [key, own] of rows) {
        for (const { until } of own.values()) if (until <= time) own.delete(until);
        if (own.size === 0) rows.delete(key);
      }
    },
  };
}

/** All tables in memory. */
export function memoryTables(): Tables {
  const tasks = memoryTasks();
  const events = memoryEvents((id) => tasks.find(id));
  return {
    tasks,
    events,
    conversations: memoryConversations(events.forgetFloors),
    messages: memoryMessages(),
    questions: memoryQuestions(),
    outbox: memoryOutbox(),
    deadLetters: memoryDeadLetters(),
    leases: memoryLeases(),
    budgets: memoryBudgets(),
    // What tasks say and are asked stands in their logs; the rest is small.
    space: { usedBytes: events.usedBytes, totalBytes: events.usedBytes },
  };
}
