import type { DatabaseSync } from "node:sqlite";
import type { New, OutboxRow, OutboxTable } from "@agent-bridge/core";
import { countIn, exact, original, parsed, prepareAll, type Raw } from "./statements.ts";

/** What changes of an item; its text and destination do not. */
type Live = Pick<
  OutboxRow,
  "tries" | "unknown" | "queuedTime" | "waitUntil" | "worker" | "problem"
>;

/** An item as it was put in; those of an older file name no attachments. */
function itemIn(raw: Raw): OutboxRow["item"] {
  const item = parsed<Omit<OutboxRow["item"], "attachments"> & Partial<OutboxRow["item"]>>(
    raw,
    "item",
  );
  return { ...item, attachments: item.attachments ?? [] };
}

/** Those of an older file know of no problem. */
function liveIn(raw: Raw): Live {
  const live = parsed<Omit<Live, "problem"> & Partial<Live>>(raw, "live");
  return { ...live, problem: live.problem ?? null };
}

function toRow(raw: Raw): OutboxRow {
  return {
    order: Number(raw["ord"]),
    item: itemIn(raw),
    state: raw["state"] as OutboxRow["state"],
    line: raw["line"] as string,
    isHead: raw["is_head"] === 1,
    ref: raw["ref"] === null ? null : original(raw["ref"] as string),
    ...liveIn(raw),
  };
}

const refOf = ({ ref }: New<OutboxRow>): string | null => (ref === null ? null : exact(ref));

const rowIn = (raw: Raw | undefined): OutboxRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

const isOpen = ({ state }: New<OutboxRow>): number =>
  state === "pending" || state === "sending" ? 1 : 0;

const liveOf = ({
  tries,
  unknown,
  queuedTime,
  waitUntil,
  worker,
  problem,
}: New<OutboxRow>): string =>
  JSON.stringify({ tries, unknown, queuedTime, waitUntil, worker, problem } satisfies Live);

const outboxSql = {
  find: "SELECT * FROM outbox WHERE id = ?",
  insert:
    "INSERT INTO outbox (id, task, channel, line, state, is_open, is_head, node, ref, item, live) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  update:
    "UPDATE outbox SET state = ?, is_open = ?, is_head = ?, node = ?, ref = ?, live = ? WHERE ord = ?",
  heads:
    "SELECT * FROM outbox WHERE is_open = 1 AND is_head = 1 AND channel IN (SELECT value FROM json_each(?)) ORDER BY ord",
  firstOf: "SELECT * FROM outbox WHERE is_open = 1 AND line = ? ORDER BY ord LIMIT 1",
  sendingBy:
    "SELECT * FROM outbox WHERE is_open = 1 AND node = ? AND state = 'sending' ORDER BY ord",
  deliveredReply:
    "SELECT * FROM outbox WHERE ref IS NOT NULL AND ref = ? AND channel = ? AND state = 'delivered' AND item ->> 'type' = 'reply' ORDER BY ord DESC LIMIT 1",
  countOpen: "SELECT count(*) AS count FROM outbox WHERE is_open = 1",
  firstOpenOf:
    "SELECT ord FROM outbox INDEXED BY outbox_task WHERE task = ? AND is_open = 1 LIMIT 1",
  remove: "DELETE FROM outbox WHERE id = ?",
  removeOf: "DELETE FROM outbox WHERE task = ?",
} as const;

/** The outbox in SQLite. */
export function sqliteOutbox(db: DatabaseSync): OutboxTable {
  const sql = prepareAll(db, outboxSql);
  return {
    find: (id) => rowIn(sql.find.get(id)),
    insert: (row) => {
      const { item, line, state, isHead, worker } = row;
      sql.insert.run(
        item.id,
        item.taskId,
        item.channel,
        line,
        state,
        isOpen(row),
        isHead ? 1 : 0,
        worker?.node ?? null,
        refOf(row),
        JSON.stringify(item),
        liveOf(row),
      );
    },
    update: (row) =>
      void sql.update.run(
        row.state,
        isOpen(row),
        row.isHead ? 1 : 0,
        row.worker?.node ?? null,
        refOf(row),
        liveOf(row),
        row.order,
      ),
    heads: (channels) => sql.heads.all(JSON.stringify(channels)).map(toRow),
    firstOf: (line) => rowIn(sql.firstOf.get(line)),
    sendingBy: (node) => sql.sendingBy.all(node).map(toRow),
    deliveredReply: (channel, ref) =>
      channel === null ? undefined : rowIn(sql.deliveredReply.get(exact(ref), channel)),
    countOpen: () => countIn(sql.countOpen.get()),
    remove: (id) => void sql.remove.run(id),
    isAnyOpen: (taskId) => sql.firstOpenOf.get(taskId) !== undefined,
    removeOf: (taskId) => void sql.removeOf.run(taskId),
  };
}
