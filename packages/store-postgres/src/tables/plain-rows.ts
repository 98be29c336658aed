import type {
  BudgetRow,
  ConversationRow,
  DeadLetterRow,
  HistoryMessage,
  Json,
  LeaseRow,
  MessageRow,
  OutboxRow,
  QuestionRow,
  Session,
  StoreStats,
} from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import type { Raw, Stored } from "../view/columns.ts";

/*
 * How the rows of the other tables are stored: as JSON in `body`, beside the columns by which they are found.
 * Rows without an order are found by a name of their own.
 */

/** The runner's own memory of a conversation. */
export interface SessionRow {
  readonly conversationId: string;
  readonly runner: string;
  readonly session: Session;
}

/** One message of a conversation's history. */
export interface HistoryRow {
  readonly order: number;
  readonly conversationId: string;
  readonly message: HistoryMessage;
}

/** How often people wrote at a place. */
export interface PeopleRow {
  readonly channel: string | null;
  readonly workspace: string;
  readonly count: number;
}

/** Dead letters of which only the number is kept. */
export type CountedRow = StoreStats["onlyCounted"][number];

/** Up to where events of an owner and conversation were removed; null for any. */
export interface FloorRow {
  readonly owner: string | null;
  readonly conversationId: string | null;
  readonly position: number;
}

/** The poll position of a channel. */
export interface PositionRow {
  readonly channel: string;
  readonly position: Json;
}

const body = <Row>(): { type: "text"; of: (row: Row) => string } => ({
  type: "text",
  of: (row) => JSON.stringify(row),
});

const parse = <Row>(raw: Raw): Row => JSON.parse(raw["body"] as string) as Row;

const order = <Row extends { readonly order: number }>() =>
  ({ type: "bigint", of: (row: Row) => row.order }) as const;

const text = <Row>(of: (row: Row) => string | null) => ({ type: "text", of }) as const;

const time = <Row>(of: (row: Row) => number | null) => ({ type: "double precision", of }) as const;

const nameOrNull = (name: string | null): string | null => (name === null ? null : exact(name));

export const isWaiting = ({ from, isAcknowledged }: MessageRow): boolean =>
  from !== null && !isAcknowledged;

export const isOnItsWay = ({ state }: OutboxRow): boolean =>
  state === "pending" || state === "sending";

/** A direct caller's conversations are found under their owner, a channel's under the channel. */
export const placeOf = (
  { channel, workspace, key }: Pick<ConversationRow, "channel" | "workspace" | "key">,
  owner: string,
): string => digest(channel, workspace, key, channel === null ? owner : null);

export const sessionName = (conversationId: string, runner: string): string =>
  digest(conversationId, runner);

export const storedConversations: Stored<ConversationRow> = {
  table: "conversation",
  columns: {
    ord: order(),
    id: text(({ id }) => exact(id)),
    owner: text(({ owner }) => digest(owner)),
    place: text((row) => placeOf(row, row.owner)),
    active: time(({ activeTime }) => activeTime),
    body: body(),
  },
  parse,
};

export const storedSessions: Stored<SessionRow> = {
  table: "session",
  columns: {
    name: text(({ conversationId, runner }) => sessionName(conversationId, runner)),
    conversation: text(({ conversationId }) => exact(conversationId)),
    body: body(),
  },
  parse,
};

export const storedHistory: Stored<HistoryRow> = {
  table: "history",
  columns: {
    ord: order(),
    conversation: text(({ conversationId }) => exact(conversationId)),
    task: text(({ message }) => exact(message.taskId)),
    body: body(),
  },
  parse,
};

export const peopleName = (channel: string | null, workspace: string): string =>
  digest(channel, workspace);

export const storedPeople: Stored<PeopleRow> = {
  table: "people",
  columns: { name: text((row) => peopleName(row.channel, row.workspace)), body: body() },
  parse,
};

export const countedName = ({ channel, reason }: Pick<CountedRow, "channel" | "reason">): string =>
  digest(channel, reason);

export const storedCounted: Stored<CountedRow> = {
  table: "counted",
  columns: { name: text(countedName), body: body() },
  parse,
};

export const floorName = ({
  owner,
  conversationId,
}: Pick<FloorRow, "owner" | "conversationId">): string => digest(conversationId, owner);

export const storedFloors: Stored<FloorRow> = {
  table: "floor",
  columns: {
    name: text(floorName),
    conversation: text(({ conversationId }) => nameOrNull(conversationId)),
    body: body(),
  },
  parse,
};

export const budgetName = ({ key, until }: Pick<BudgetRow, "key" | "until">): string =>
  digest(key, until);

export const storedBudgets: Stored<BudgetRow> = {
  table: "budget",
  columns: {
    name: text(budgetName),
    key: text(({ key }) => digest(key)),
    until: time(({ until }) => until),
    body: body(),
  },
  parse,
};

export const storedMessages: Stored<MessageRow> = {
  table: "message",
  columns: {
    ord: order(),
    name: text(({ dedupe }) => (dedupe === null ? null : digest(dedupe.scope, dedupe.key))),
    channel: text(({ from }) => nameOrNull(from?.channel ?? null)),
    task: text(({ taskId }) => nameOrNull(taskId)),
    aging: time((row) => (isWaiting(row) ? null : row.agingTime)),
    is_waiting: { type: "boolean", of: isWaiting },
    body: body(),
  },
  parse,
};

export const storedPositions: Stored<PositionRow> = {
  table: "position",
  columns: { channel: text(({ channel }) => exact(channel)), body: body() },
  parse,
};

export const storedQuestions: Stored<QuestionRow> = {
  table: "question",
  columns: {
    ord: order(),
    id: text(({ question }) => exact(question.id)),
    task: text(({ question }) => exact(question.taskId)),
    is_open: { type: "boolean", of: ({ question }) => question.state === "open" },
    body: body(),
  },
  parse,
};

/** What of an item changes; its text and destination do not. */
type LiveItem = Omit<OutboxRow, "item">;
type Unfinished = LiveItem & { readonly item: undefined };

export const storedOutbox: Stored<OutboxRow> = {
  table: "outbox",
  columns: {
    ord: order(),
    id: { ...text(({ item }) => exact(item.id)), fixed: "once" },
    channel: { ...text(({ item }) => exact(item.channel)), fixed: "once" },
    line: { ...text(({ line }) => digest(line)), fixed: "once" },
    task: { ...text(({ item }) => nameOrNull(item.taskId)), fixed: "once" },
    item: { ...text(({ item }) => JSON.stringify(item)), fixed: "once" },
    is_open: { type: "boolean", of: isOnItsWay },
    is_head: { type: "boolean", of: ({ isHead }) => isHead },
    node: text(({ worker }) => nameOrNull(worker?.node ?? null)),
    ref: text(({ ref }) => (ref === null ? null : digest(ref))),
    live: text((row) => JSON.stringify({ ...row, item: undefined } satisfies Unfinished)),
  },
  parse: (raw) => ({
    ...(JSON.parse(raw["live"] as string) as LiveItem),
    item: JSON.parse(raw["item"] as string) as OutboxRow["item"],
  }),
};

export const storedDeadLetters: Stored<DeadLetterRow> = {
  table: "dead_letter",
  columns: {
    ord: order(),
    id: text(({ id }) => exact(id)),
    channel: text(({ channel }) => nameOrNull(channel)),
    task: text(({ taskId }) => nameOrNull(taskId)),
    reason: text(({ reason }) => reason),
    bytes: { type: "bigint", of: ({ payload }) => Buffer.byteLength(payload) },
    body: body(),
  },
  parse,
};

export const storedLeases: Stored<LeaseRow> = {
  table: "lease",
  columns: {
    name: text(({ name }) => exact(name)),
    node: text(({ worker }) => exact(worker.node)),
    body: body(),
  },
  parse,
};
