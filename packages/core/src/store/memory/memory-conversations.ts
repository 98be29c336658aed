import type { Session } from "../../contract/runner.ts";
import type { HistoryMessage } from "../../contract/task.ts";
import type { ConversationRow, Place } from "../rows.ts";
import type { ConversationTable } from "../tables.ts";
import { newestFirst, oldestFirst, type Rows } from "./memory-rows.ts";

const placeOf = ({ channel, workspace, key }: Place, owner: string): string =>
  JSON.stringify([channel, workspace, key, channel === null ? owner : null]);

const siteOf = (channel: string | null, workspace: string): string =>
  JSON.stringify([channel, workspace]);

/**
 * Conversations in memory, with their sessions, history, and the count of what people wrote. `onRemove` is
 * told which one is gone.
 */
export function memoryConversations(onRemove: (id: string) => void): ConversationTable {
  const rows: Rows<ConversationRow> = [];
  const byId = new Map<string, number>();
  const byPlace = new Map<string, number>();
  const sessions = new Map<string, Map<string, Session>>();
  const messages = new Map<string, HistoryMessage[]>();
  const people = new Map<string, number>();
  const rowAt = (order: number | undefined): ConversationRow | undefined =>
    order === undefined ? undefined : rows[order - 1];
  return {
    find: (id) => rowAt(byId.get(id)),
    at: (place, owner) => rowAt(byPlace.get(placeOf(place, owner))),
    insert: (row) => {
      const inserted = { ...row, order: rows.length + 1 };
      rows.push(inserted);
      byId.set(row.id, inserted.order);
      byPlace.set(placeOf(row, row.owner), inserted.order);
      return inserted;
    },
    update: (row) => void (rows[row.order - 1] = row),
    list: (owner, page) => newestFirst(rows, page, (row) => owner === null || row.owner === owner),
    sessions: (id) =>
      [...(sessions.get(id) ?? [])].map(([runner, session]) => ({ runner, sessionId: session.id })),
    session: (id, runner) => sessions.get(id)?.get(runner),
    saveSession: (id, runner, session) =>
      void sessions.set(id, (sessions.get(id) ?? new Map<string, Session>()).set(runner, session)),
    addMessage: (id, message) => {
      const own = messages.get(id) ?? [];
      own.push(message);
      messages.set(id, own);
    },
    removeMessages: ({ id: taskId, conversationId }) => {
      const own = messages.get(conversationId ?? "") ?? [];
      const left = own.filter((message) => message.taskId !== taskId);
      if (conversationId !== null) messages.set(conversationId, left);
    },
    history: (id, limit) => (messages.get(id) ?? []).slice(-limit),
    people: (channel, workspace) => people.get(siteOf(channel, workspace)) ?? 0,
    countPerson: (channel, workspace) =>
      void people.set(
        siteOf(channel, workspace),
        (people.get(siteOf(channel, workspace)) ?? 0) + 1,
      ),
    unused: (request) => oldestFirst(rows, request, (row) => row.activeTime),
    remove: (row) => {
      rows[row.order - 1] = undefined;
      byId.delete(row.id);
      byPlace.delete(placeOf(row, row.owner));
      sessions.delete(row.id);
      messages.delete(row.id);
      onRemove(row.id);
    },
  };
}
