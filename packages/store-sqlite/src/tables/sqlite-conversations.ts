import type { DatabaseSync } from "node:sqlite";
import type {
  ConversationRow,
  ConversationTable,
  HistoryMessage,
  New,
  Place,
  Session,
} from "@agent-bridge/core";
import { countIn, parsed, prepare, type Raw } from "./statements.ts";

const toRow = (raw: Raw): ConversationRow => ({
  ...parsed<New<ConversationRow>>(raw, "body"),
  order: Number(raw["ord"]),
});

const rowIn = (raw: Raw | undefined): ConversationRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

/** A direct caller's conversations are found under their owner, a channel's under the channel. */
const placeOf = ({ channel, workspace, key }: Place, owner: string): string =>
  JSON.stringify([channel, workspace, key, channel === null ? owner : null]);

const siteOf = (channel: string | null, workspace: string): string =>
  JSON.stringify([channel, workspace]);

/** Conversations in SQLite, with their sessions, history, and the count of what people wrote. */
export function sqliteConversations(db: DatabaseSync): ConversationTable {
  const find = prepare(db, "SELECT ord, body FROM conversation WHERE id = ?");
  const at = prepare(db, "SELECT ord, body FROM conversation WHERE place = ?");
  const insert = prepare(
    db,
    "INSERT INTO conversation (id, owner, place, body) VALUES (?, ?, ?, ?)",
  );
  const update = prepare(db, "UPDATE conversation SET body = ? WHERE ord = ?");
  const list = prepare(
    db,
    "SELECT ord, body FROM conversation WHERE (?1 IS NULL OR owner = ?1) AND ord < ?2 ORDER BY ord DESC LIMIT ?3",
  );
  const sessions = prepare(
    db,
    "SELECT runner, body FROM session WHERE conversation = ? ORDER BY runner",
  );
  const session = prepare(db, "SELECT body FROM session WHERE conversation = ? AND runner = ?");
  const saveSession = prepare(
    db,
    "INSERT INTO session VALUES (?, ?, ?) ON CONFLICT (conversation, runner) DO UPDATE SET body = excluded.body",
  );
  const addMessage = prepare(db, "INSERT INTO history (conversation, body) VALUES (?, ?)");
  const history = prepare(
    db,
    "SELECT body FROM history WHERE conversation = ? ORDER BY ord DESC LIMIT ?",
  );
  const people = prepare(db, "SELECT count FROM people WHERE site = ?");
  const countPerson = prepare(
    db,
    "INSERT INTO people VALUES (?, 1) ON CONFLICT (site) DO UPDATE SET count = count + 1",
  );
  return {
    find: (id) => rowIn(find.get(id)),
    at: (place, owner) => rowIn(at.get(placeOf(place, owner))),
    insert: (row) => ({
      ...row,
      order: insert.run(row.id, row.owner, placeOf(row, row.owner), JSON.stringify(row)),
    }),
    update: ({ order, ...row }) => void update.run(JSON.stringify(row), order),
    list: (owner, { limit, before }) =>
      list.all(owner, before ?? Number.MAX_SAFE_INTEGER, limit).map(toRow),
    sessions: (id) =>
      sessions
        .all(id)
        .map((raw) => ({
          runner: raw["runner"] as string,
          sessionId: parsed<Session>(raw, "body").id,
        })),
    session: (id, runner) => {
      const raw = session.get(id, runner);
      return raw === undefined ? undefined : parsed<Session>(raw, "body");
    },
    saveSession: (id, runner, value) => void saveSession.run(id, runner, JSON.stringify(value)),
    addMessage: (id, message) => void addMessage.run(id, JSON.stringify(message)),
    history: (id, limit) =>
      history
        .all(id, limit)
        .map((raw) => parsed<HistoryMessage>(raw, "body"))
        .toReversed(),
    people: (channel, workspace) => countIn(people.get(siteOf(channel, workspace))),
    countPerson: (channel, workspace) => void countPerson.run(siteOf(channel, workspace)),
  };
}
