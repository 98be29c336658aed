import { Buffer } from "node:buffer";
import type { EndedTask, EventRow, TaskRow } from "../rows.ts";
import type { EventTable } from "../tables.ts";

/** The place of the first event after a position, in a list that is ordered by position. */
function firstAfter(rows: readonly EventRow[], position: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as EventRow).position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

const floorKey = (owner: string | null, conversationId: string | null): string =>
  JSON.stringify([conversationId, owner]);

/** The highest removed positions: of all, and of each owner, conversation, and both. */
function memoryFloors() {
  const floors = new Map<string, number>();
  return {
    of: (owner: string | null, conversationId: string | null): number =>
      floors.get(floorKey(owner, conversationId)) ?? 0,
    raise: ({ owner, conversationId }: EndedTask, position: number): void => {
      for (const conversation of new Set([null, conversationId]))
        for (const one of [null, owner]) {
          const key = floorKey(one, conversation);
          floors.set(key, Math.max(floors.get(key) ?? 0, position));
        }
    },
    /** A conversation that is gone has no readers. */
    forget: (conversationId: string): void => {
      for (const key of floors.keys())
        if (key.startsWith(`[${JSON.stringify(conversationId)},`)) floors.delete(key);
    },
  };
}

/** The log in memory, with what its bodies take. */
export interface MemoryEvents extends EventTable {
  readonly usedBytes: () => number;
  readonly forgetFloors: (conversationId: string) => void;
}

/** The log in memory. `taskOf` finds the owner of an event's task. */
export function memoryEvents(taskOf: (taskId: string) => TaskRow | undefined): MemoryEvents {
  const log = new Map<number, EventRow>();
  const byTask = new Map<string, EventRow[]>();
  const floors = memoryFloors();
  let head = 0;
  let usedBytes = 0;
  return {
    append: (event) => {
      const own = byTask.get(event.taskId) ?? [];
      const row = { ...event, seq: own.length + 1, position: ++head };
      log.set(head, row);
      own.push(row);
      byTask.set(event.taskId, own);
      usedBytes += Buffer.byteLength(row.body);
      return row;
    },
    head: () => head,
    ofTask: (taskId, after, limit) => {
      const own = byTask.get(taskId) ?? [];
      const start = firstAfter(own, after);
      return own.slice(start, start + limit);
    },
    range: ({ after, through, limit, owner, conversationId, types }) => {
      const found: EventRow[] = [];
      for (let at = after + 1; at <= Math.min(through, head) && found.length < limit; at++) {
        const row = log.get(at);
        if (row === undefined) continue;
        if (owner !== null && taskOf(row.taskId)?.task.owner !== owner) continue;
        if (conversationId !== null && row.conversationId !== conversationId) continue;
        if (types === null || types.includes(row.type)) found.push(row);
      }
      return found;
    },
    remove: (task) => {
      const own = byTask.get(task.id) ?? [];
      for (const { position, body } of own) {
        log.delete(position);
        usedBytes -= Buffer.byteLength(body);
      }
      byTask.delete(task.id);
      floors.raise(task, own.at(-1)?.position ?? 0);
      return own.length;
    },
    clear: () => true,
    floor: ({ owner, conversationId }) => floors.of(owner, conversationId),
    usedBytes: () => usedBytes,
    forgetFloors: floors.forget,
  };
}
