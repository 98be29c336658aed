import type { ConversationRow, ConversationTable } from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import { need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import {
  peopleName,
  placeOf,
  type SessionRow,
  sessionName,
  storedConversations,
} from "./plain-rows.ts";
import { newestFirst, oldestFirst, placeIn, type Viewed } from "./viewed.ts";

const needs = {
  byId: need("conversation by id", {
    keys: ["id"],
    select: "conversation.body",
    from: "JOIN conversation ON conversation.id = key.id",
  }),
  byPlace: need("conversation by place", {
    keys: ["place"],
    select: "conversation.body",
    from: "JOIN conversation ON conversation.place = key.place",
  }),
  unused: need("conversation unused", {
    keys: oldestFirst.keys,
    select: "conversation.body",
    from: oldestFirst.from("conversation", "active"),
  }),
  session: need("session", {
    keys: ["name"],
    select: "session.body",
    from: "JOIN session ON session.name = key.name",
  }),
  sessions: need("sessions", {
    keys: ["conversation"],
    select: "session.body",
    from: "JOIN session ON session.conversation = key.conversation",
  }),
  floors: need("floors", {
    keys: ["conversation"],
    select: "floor.body",
    from: "JOIN floor ON floor.conversation = key.conversation",
  }),
  history: need("history", {
    keys: ["conversation", "most bigint"],
    select: "history.body",
    from: `CROSS JOIN LATERAL (SELECT * FROM history WHERE history.conversation = key.conversation
      ORDER BY ord DESC LIMIT key.most) history`,
  }),
  historyOfTask: need("history task", {
    keys: ["task"],
    select: "history.body",
    from: "JOIN history ON history.task = key.task",
  }),
  people: need("people", {
    keys: ["name"],
    select: "people.body",
    from: "JOIN people ON people.name = key.name",
  }),
} as const;

type SessionTable = Pick<ConversationTable, "sessions" | "session" | "saveSession">;

function sessionIn({ facts, sessions }: View, id: string, runner: string): SessionRow | undefined {
  const fact = facts.of(needs.session, sessionName(id, runner));
  return sessions.row(fact, (row) => row.conversationId === id && row.runner === runner);
}

const sessionsOf = ({ facts, sessions }: View, id: string): readonly SessionRow[] =>
  sessions.rows(facts.of(needs.sessions, exact(id)), (row) => row.conversationId === id);

function sessionTable(viewed: Viewed): SessionTable {
  return {
    sessions: (id) =>
      sessionsOf(viewed.view, id)
        .toSorted((one, other) => (one.runner < other.runner ? -1 : 1))
        .map((row) => ({ runner: row.runner, sessionId: row.session.id })),
    session: (id, runner) => sessionIn(viewed.view, id, runner)?.session,
    saveSession: (id, runner, session) => {
      // Whether it replaces another has to be known.
      sessionIn(viewed.view, id, runner);
      viewed.view.sessions.set({ conversationId: id, runner, session });
    },
  };
}

type HistoryTable = Pick<ConversationTable, "addMessage" | "removeMessages" | "history">;

function historyTable(viewed: Viewed): HistoryTable {
  return {
    addMessage: (conversationId, message) =>
      viewed.view.history.set({ order: viewed.view.nextOrder(), conversationId, message }),
    removeMessages: ({ id }) => {
      const { facts, history } = viewed.view;
      const fact = facts.of(needs.historyOfTask, exact(id));
      for (const row of history.rows(fact, ({ message }) => message.taskId === id))
        history.remove(row);
    },
    history: (id, limit) => {
      const { facts, history } = viewed.view;
      const fact = facts.of(needs.history, exact(id), limit);
      const rows = history.rows(fact, (row) => row.conversationId === id);
      return rows.slice(-limit).map((row) => row.message);
    },
  };
}

type PeopleTable = Pick<ConversationTable, "people" | "countPerson">;

function peopleTable(viewed: Viewed): PeopleTable {
  const count = (channel: string | null, workspace: string): number => {
    const { facts, people } = viewed.view;
    const matches = (row: { channel: string | null; workspace: string }): boolean =>
      row.channel === channel && row.workspace === workspace;
    return people.row(facts.of(needs.people, peopleName(channel, workspace)), matches)?.count ?? 0;
  };
  return {
    people: count,
    countPerson: (channel, workspace) =>
      viewed.view.people.set({ channel, workspace, count: count(channel, workspace) + 1 }),
  };
}

function remove(view: View, row: ConversationRow): void {
  const fact = view.facts.of(needs.floors, exact(row.id));
  for (const floor of view.floors.rows(fact, ({ conversationId }) => conversationId === row.id))
    view.floors.remove(floor);
  for (const session of sessionsOf(view, row.id)) view.sessions.remove(session);
  view.conversations.remove(row);
}

/** Conversations in PostgreSQL, with their sessions, history, and the count of what people wrote. */
export function postgresConversations(viewed: Viewed): ConversationTable {
  return {
    ...sessionTable(viewed),
    ...historyTable(viewed),
    ...peopleTable(viewed),
    find: (id) => {
      const { facts, conversations } = viewed.view;
      return conversations.row(facts.of(needs.byId, exact(id)), (row) => row.id === id);
    },
    at: (place, owner) => {
      const { facts, conversations } = viewed.view;
      const asked = placeOf(place, owner);
      const fact = facts.of(needs.byPlace, asked);
      return conversations.row(fact, (row) => placeOf(row, row.owner) === asked);
    },
    insert: (row) => {
      const inserted = { ...row, order: viewed.view.nextOrder() };
      viewed.view.conversations.set(inserted);
      return inserted;
    },
    update: (row) => viewed.view.conversations.set(row),
    list: (owner, page) =>
      newestFirst(viewed.view, {
        table: "conversation",
        select: "conversation.body",
        conditions: { owner: owner === null ? undefined : digest(owner) },
        page,
      }).map((raw) => storedConversations.parse(raw)),
    unused: (request) => {
      const { facts, conversations } = viewed.view;
      const fact = facts.of(needs.unused, ...placeIn(request));
      // Of what was used since it was asked for, the time has moved.
      return conversations
        .rows(fact, ({ activeTime }) => activeTime <= request.through)
        .toSorted((one, other) => one.activeTime - other.activeTime || one.order - other.order);
    },
    remove: (row) => remove(viewed.view, row),
  };
}
