import type { MessageRow, MessageTable } from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import { need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { isWaiting, type PositionRow } from "./plain-rows.ts";
import { oldestFirst, paged, pageSize, placeIn, type Viewed } from "./viewed.ts";

const columns = "message.ord, message.body";
const needs = {
  byName: need("message by name", {
    keys: ["name"],
    select: columns,
    from: "JOIN message ON message.name = key.name",
  }),
  byOrder: need("message by order", {
    keys: ["ord bigint"],
    select: columns,
    from: "JOIN message ON message.ord = key.ord",
  }),
  waiting: need("message waiting", {
    keys: ["channel", "after bigint"],
    select: columns,
    from: `CROSS JOIN LATERAL (SELECT * FROM message WHERE is_waiting AND channel = key.channel
      AND message.ord > key.after ORDER BY message.ord LIMIT ${pageSize}) message`,
  }),
  waitingCount: need("message waiting count", {
    keys: ["channel"],
    select: "(SELECT count(*) FROM message WHERE is_waiting AND channel = key.channel) AS count",
    from: "",
  }),
  ofTask: need("message task", {
    keys: ["task"],
    select: columns,
    from: "JOIN message ON message.task = key.task",
  }),
  aged: need("message aged", {
    keys: oldestFirst.keys,
    select: columns,
    from: oldestFirst.from("message", "aging"),
  }),
  position: need("position", {
    keys: ["channel"],
    select: "position.body",
    from: "JOIN position ON position.channel = key.channel",
  }),
} as const;

const timeOf = ({ agingTime }: MessageRow): number => agingTime ?? Number.POSITIVE_INFINITY;

const isWaitingIn =
  (channel: string) =>
  (row: MessageRow): boolean =>
    isWaiting(row) && row.from?.channel === channel;

function positionIn({ facts, positions }: View, channel: string): PositionRow | undefined {
  return positions.row(facts.of(needs.position, exact(channel)), (row) => row.channel === channel);
}

/** Known messages, and poll positions, in PostgreSQL. */
export function postgresMessages(viewed: Viewed): MessageTable {
  return {
    known: (scope, key) => {
      const { messages, facts } = viewed.view;
      const matches = ({ dedupe }: MessageRow): boolean =>
        dedupe !== null && dedupe.scope === scope && dedupe.key === key;
      return messages.row(facts.of(needs.byName, digest(scope, key)), matches);
    },
    insert: (row) => viewed.view.messages.set({ ...row, order: viewed.view.nextOrder() }),
    update: (row) => viewed.view.messages.set(row),
    find: (order) => {
      if (!Number.isSafeInteger(order)) return undefined;
      const { messages, facts } = viewed.view;
      return messages.row(facts.of(needs.byOrder, order), (row) => row.order === order);
    },
    unacknowledged: (channel) => {
      const { view } = viewed;
      const key = exact(channel);
      const page = (after: number) => view.facts.of(needs.waiting, key, after);
      return paged(view.messages, page, isWaitingIn(channel));
    },
    countUnacknowledged: (channel) => {
      const { messages, facts } = viewed.view;
      const matches = isWaitingIn(channel);
      const fact = facts.of(needs.waitingCount, exact(channel));
      return messages.count(fact, "count", (row) => (matches(row) ? 1 : 0));
    },
    position: (channel) => positionIn(viewed.view, channel)?.position ?? null,
    savePosition: (channel, position) => {
      // Whether it replaces another has to be known.
      positionIn(viewed.view, channel);
      viewed.view.positions.set({ channel, position });
    },
    ofTask: (taskId) => {
      const { messages, facts } = viewed.view;
      return messages.rows(facts.of(needs.ofTask, exact(taskId)), (row) => row.taskId === taskId);
    },
    aged: (request) => {
      const { messages, facts } = viewed.view;
      // Of what came again since it was asked for, the time has moved.
      return messages
        .rows(
          facts.of(needs.aged, ...placeIn(request)),
          (row) => !isWaiting(row) && timeOf(row) <= request.through,
        )
        .toSorted((one, other) => timeOf(one) - timeOf(other) || one.order - other.order);
    },
    remove: (row) => viewed.view.messages.remove(row),
  };
}
