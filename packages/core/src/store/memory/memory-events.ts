import type { EventRow, TaskRow } from "../rows.ts";
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

/** The log in memory. `taskOf` finds the owner of an event's task. */
export function memoryEvents(taskOf: (taskId: string) => TaskRow | undefined): EventTable {
  const log: EventRow[] = [];
  const byTask = new Map<string, EventRow[]>();
  return {
    append: (event) => {
      const own = byTask.get(event.taskId) ?? [];
      const row = { ...event, seq: own.length + 1, position: log.length + 1 };
      log.push(row);
      own.push(row);
      byTask.set(event.taskId, own);
      return row;
    },
    head: () => log.length,
    ofTask: (taskId, after, limit) => {
      const own = byTask.get(taskId) ?? [];
      const start = firstAfter(own, after);
      return own.slice(start, start + limit);
    },
    range: ({ after, through, limit, owner, conversationId, types }) => {
      const found: EventRow[] = [];
      for (
        let place = after;
        place < Math.min(through, log.length) && found.length < limit;
        place++
      ) {
        const row = log[place] as EventRow;
        if (owner !== null && taskOf(row.taskId)?.task.owner !== owner) continue;
        if (conversationId !== null && row.conversationId !== conversationId) continue;
        if (types === null || types.includes(row.type)) found.push(row);
      }
      return found;
    },
  };
}
