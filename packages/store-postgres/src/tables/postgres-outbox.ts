import type { OutboxRow, OutboxTable } from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import { need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { isOnItsWay } from "./plain-rows.ts";
import { paged, pageSize, type Viewed } from "./viewed.ts";

const columns = "outbox.ord, outbox.item, outbox.live";
const page = (where: string): string =>
  `CROSS JOIN LATERAL (SELECT * FROM outbox WHERE is_open AND ${where} AND outbox.ord > key.after
    ORDER BY outbox.ord LIMIT ${pageSize}) outbox`;

const needs = {
  byId: need("outbox by id", {
    keys: ["id"],
    select: columns,
    from: "JOIN outbox ON outbox.id = key.id",
  }),
  heads: need("outbox heads", {
    keys: ["channels", "after bigint"],
    select: columns,
    from: page("is_head AND channel IN (SELECT json_array_elements_text(key.channels::json))"),
  }),
  line: need("outbox line", {
    keys: ["line", "after bigint"],
    select: columns,
    from: page("line = key.line"),
  }),
  ofNode: need("outbox node", {
    keys: ["node"],
    select: columns,
    from: "JOIN outbox ON outbox.is_open AND outbox.node = key.node",
  }),
  ofTask: need("outbox task", {
    keys: ["task"],
    select: columns,
    from: "JOIN outbox ON outbox.task = key.task",
  }),
  byRef: need("outbox ref", {
    keys: ["channel", "ref"],
    select: columns,
    from: "JOIN outbox ON outbox.channel = key.channel AND outbox.ref = key.ref",
  }),
  open: need("outbox count", {
    keys: ["whole"],
    select: "(SELECT count(*) FROM outbox WHERE is_open) AS count",
    from: "",
  }),
} as const;

function itemIn({ facts, outbox }: View, id: string): OutboxRow | undefined {
  return outbox.row(facts.of(needs.byId, exact(id)), ({ item }) => item.id === id);
}

function firstOf(view: View, line: string): OutboxRow | undefined {
  const matches = (row: OutboxRow): boolean => isOnItsWay(row) && row.line === line;
  const key = digest(line);
  const rows = paged(view.outbox, (after) => view.facts.of(needs.line, key, after), matches);
  return rows.next().value ?? undefined;
}

function delivered(view: View, channel: string, ref: string): OutboxRow | undefined {
  const fact = view.facts.of(needs.byRef, exact(channel), digest(ref));
  const matches = (row: OutboxRow): boolean =>
    row.state === "delivered" &&
    row.item.type === "reply" &&
    row.item.channel === channel &&
    row.ref === ref;
  return view.outbox.rows(fact, matches).at(-1);
}

const ofTask = ({ facts, outbox }: View, taskId: string): readonly OutboxRow[] =>
  outbox.rows(facts.of(needs.ofTask, exact(taskId)), ({ item }) => item.taskId === taskId);

/** The outbox in PostgreSQL. */
export function postgresOutbox(viewed: Viewed): OutboxTable {
  return {
    find: (id) => itemIn(viewed.view, id),
    insert: (row) => viewed.view.outbox.set({ ...row, order: viewed.view.nextOrder() }),
    update: (row) => viewed.view.outbox.set(row),
    heads: (channels) => {
      const { view } = viewed;
      const key = JSON.stringify(channels.map(exact));
      const matches = (row: OutboxRow): boolean =>
        isOnItsWay(row) && row.isHead && channels.includes(row.item.channel);
      return paged(view.outbox, (after) => view.facts.of(needs.heads, key, after), matches);
    },
    firstOf: (line) => firstOf(viewed.view, line),
    sendingBy: (node) => {
      const { outbox, facts } = viewed.view;
      const matches = (row: OutboxRow): boolean =>
        row.state === "sending" && row.worker?.node === node;
      return outbox.rows(facts.of(needs.ofNode, exact(node)), matches);
    },
    deliveredReply: (channel, ref) =>
      channel === null ? undefined : delivered(viewed.view, channel, ref),
    countOpen: () => {
      const { outbox, facts } = viewed.view;
      return outbox.count(facts.of(needs.open, ""), "count", (row) => (isOnItsWay(row) ? 1 : 0));
    },
    remove: (id) => {
      const row = itemIn(viewed.view, id);
      if (row !== undefined) viewed.view.outbox.remove(row);
    },
    isAnyOpen: (taskId) => ofTask(viewed.view, taskId).some(isOnItsWay),
    removeOf: (taskId) => {
      for (const row of ofTask(viewed.view, taskId)) viewed.view.outbox.remove(row);
    },
  };
}
