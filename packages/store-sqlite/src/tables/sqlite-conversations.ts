import type { DatabaseSync } from "node:sqlite";
import type {
  ConversationRow,
  ConversationTable,
  HistoryMessage,
  New,
  Place,
  Session,
} from "@agent-bridge/core";
import {
  behind,
  countIn,
  exact,
  newestFirst,
  parsed,
  placeIn,
  prepareAll,
  type Raw,
} from "./statements.ts";

const toRow = (raw: Raw): ConversationRow => ({
  ...parsed<Omit<ConversationRow, "order" | "activeTime">>(raw, "body"),
  order: Number(raw["ord"]),
  activeTime: Number(raw["active"]),
});

function bodyOf(row: New<ConversationRow>): string {
  const { activeTime: _, ...body } = row;
  return JSON.stringify(body);
}

const rowIn = (raw: Raw | undefined): ConversationRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

/** A direct caller's conversations are found under their owner, a channel's under the channel. */
const placeOf = ({ channel, workspace, key }: Place, owner: string): string =>
  JSON.stringify([channel, workspace, key, channel === null ? owner : null]);

const siteOf = (channel: string | null, workspace: string): string =>
  JSON.stringify([channel, workspace]);

const conversationsSql = {
  find: "SELECT ord, active, body FROM conversation WHERE id = ?",
  at: "SELECT ord, active, body FROM conversation WHERE place = ?",
  insert: "INSERT INTO conversation (id, owner, place, active, body) VALUES (?, ?, ?, ?, ?)",
  update: "UPDATE conversation SET active = ?, body = ? WHERE ord = ?",
  sessions: "SELECT runner, body FROM session WHERE conversation = ? ORDER BY runner",
  session: "SELECT body FROM session WHERE conversation = ? AND runner = ?",
  saveSession:
    "INSERT INTO session VALUES (?, ?, ?) ON CONFLICT (conversation, runner) DO UPDATE SET body = excluded.body",
  addMessage: "INSERT INTO history (conversation, task, body) VALUES (?, ?, ?)",
  removeMessages: "DELETE FROM history WHERE task = ?",
  history: "SELECT body FROM history WHERE conversation = ? ORDER BY ord DESC LIMIT ?",
  people: "SELECT count FROM people WHERE site = ?",
  countPerson:
    "INSERT INTO people VALUES (?, 1) ON CONFLICT (site) DO UPDATE SET count = count + 1",
  unused: `SELECT ord, active, body FROM conversation WHERE ${behind("active")} ORDER BY active, ord LIMIT ?`,
  remove: "DELETE FROM conversation WHERE ord = ?",
  removeSessions: "DELETE FROM session WHERE conversation = ?",
  removeFloors: "DELETE FROM floor WHERE conversation = ?",
} as const;

/** Conversations in SQLite, with their sessions, history, and the count of what people wrote. */
export function sqliteConversations(db: DatabaseSync): ConversationTable {
  const sql = prepareAll(db, conversationsSql);
  const list = newestFirst(db, "SELECT ord, active, body FROM conversation WHERE TRUE");
  return {
    find: (id) => rowIn(sql.find.get(id)),
    at: (place, owner) => rowIn(sql.at.get(placeOf(place, owner))),
    insert: (row) => ({
      ...row,
      order: sql.insert.run(
        row.id,
        exact(row.owner),
        placeOf(row, row.owner),
        row.activeTime,
        bodyOf(row),
      ),
    }),
    update: ({ order, ...row }) => void sql.update.run(row.activeTime, bodyOf(row), order),
    list: (owner, page) =>
      list([{ sql: "owner = ?", value: owner === null ? undefined : exact(owner) }], page).map(
        toRow,
      ),
    sessions: (id) =>
      sql.sessions.all(id).map((raw) => ({
        runner: raw["runner"] as string,
        sessionId: parsed<Session>(raw, "body").id,
      })),
    session: (id, runner) => {
      const raw = sql.session.get(id, runner);
      return raw === undefined ? undefined : parsed<Session>(raw, "body");
    },
    saveSession: (id, runner, value) => void sql.saveSession.run(id, runner, JSON.stringify(value)),
    addMessage: (id, message) =>
      void sql.addMessage.run(id, message.taskId, JSON.stringify(message)),
    removeMessages: ({ id }) => void sql.removeMessages.run(id),
    history: (id, limit) =>
      sql.history
        .all(id, limit)
        .map((raw) => parsed<HistoryMessage>(raw, "body"))
        .toReversed(),
    people: (channel, workspace) => countIn(sql.people.get(siteOf(channel, workspace))),
    countPerson: (channel, workspace) => void sql.countPerson.run(siteOf(channel, workspace)),
    unused: (request) => sql.unused.all(...placeIn(request)).map(toRow),
    remove: ({ id, order }) => {
      sql.removeSessions.run(id);
      sql.removeFloors.run(id);
      sql.remove.run(order);
    },
  };
}
