import type { DatabaseSync } from "node:sqlite";
import type { New, TaskRow, TaskTable } from "@agent-bridge/core";
import {
  countIn,
  pageSize,
  paged,
  parsed,
  prepareAll,
  type Raw,
  type Statement,
} from "./statements.ts";

type Task = TaskRow["task"];

/** What was fixed when the task was accepted; kept apart from the row that changes. */
type Request = Pick<
  TaskRow,
  "provenance" | "rules" | "questions" | "destination" | "messageKey" | "acceptedTime"
> &
  Pick<Task, "input">;

/** The rest, but for what has a column or a table of its own. */
type Live = Omit<TaskRow, keyof Request | "order" | "task"> & {
  readonly task: Omit<Task, "input" | "output"> & { readonly hasOutput: boolean };
};

const columns = "task.ord, task.live, request.body AS request, answer.output AS output";
const source =
  "task JOIN request ON request.task = task.ord LEFT JOIN answer ON answer.task = task.ord";

function toRow(raw: Raw): TaskRow {
  const { input, ...request } = parsed<Request>(raw, "request");
  const { task: live, ...rest } = parsed<Live>(raw, "live");
  const { hasOutput, ...task } = live;
  const output = hasOutput ? { output: raw["output"] as string } : null;
  return { order: Number(raw["ord"]), ...request, ...rest, task: { ...task, input, output } };
}

const rowIn = (raw: Raw | undefined): TaskRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

function split(row: New<TaskRow>): { request: Request; live: Live } {
  const { task, provenance, rules, questions, destination, messageKey, acceptedTime, ...rest } =
    row;
  const { input, output, ...live } = task;
  const { order: _order, ...fields } = rest as typeof rest & { order?: number };
  return {
    request: { provenance, rules, questions, destination, messageKey, acceptedTime, input },
    live: { ...fields, task: { ...live, hasOutput: output !== null } },
  };
}

const isOpen = ({ task }: New<TaskRow>): number =>
  task.status === "completed" || task.status === "failed" ? 0 : 1;

const optional = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value);

const tasksSql = {
  find: `SELECT ${columns} FROM ${source} WHERE task.id = ?`,
  insert:
    "INSERT INTO task (id, owner, kind, runner, conversation, status, is_open, is_head, node, live) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  insertRequest: "INSERT INTO request VALUES (?, ?)",
  insertAnswer: "INSERT INTO answer VALUES (?, ?) ON CONFLICT DO NOTHING",
  update: "UPDATE task SET status = ?, is_open = ?, is_head = ?, node = ?, live = ? WHERE ord = ?",
  heads: `SELECT ${columns} FROM ${source} WHERE is_open = 1 AND is_head = 1 AND runner = ? AND ord > ? ORDER BY ord LIMIT ${pageSize}`,
  firstOpen: `SELECT ${columns} FROM ${source} WHERE is_open = 1 AND conversation = ? ORDER BY ord LIMIT 1`,
  countOpen: "SELECT count(*) AS count FROM task WHERE is_open = 1 AND conversation = ?",
  openOf: `SELECT ${columns} FROM ${source} WHERE is_open = 1 AND node = ? ORDER BY ord`,
  counts: "SELECT status, count(*) AS count FROM task GROUP BY status",
  oldestPending:
    "SELECT request.body AS request FROM task JOIN request ON request.task = ord WHERE status = 'pending' ORDER BY ord LIMIT 1",
  list: `SELECT ${columns} FROM ${source}
     WHERE (?1 IS NULL OR owner = ?1) AND ord < ?2
       AND (?3 IS NULL OR status IN (SELECT value FROM json_each(?3)))
       AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR runner = ?5) AND (?6 IS NULL OR conversation = ?6)
     ORDER BY ord DESC LIMIT ?7`,
} as const;

function statsOf(sql: Record<keyof typeof tasksSql, Statement>): ReturnType<TaskTable["stats"]> {
  const found = new Map(sql.counts.all().map((raw) => [raw["status"], countIn(raw)]));
  const of = (status: Task["status"]): number => found.get(status) ?? 0;
  const oldest = sql.oldestPending.get();
  return {
    counts: {
      pending: of("pending"),
      running: of("running"),
      input_required: of("input_required"),
      completed: of("completed"),
      failed: of("failed"),
    },
    oldestPendingTime:
      oldest === undefined ? null : parsed<Request>(oldest, "request").acceptedTime,
  };
}

/** Tasks in SQLite. */
export function sqliteTasks(db: DatabaseSync): TaskTable {
  const sql = prepareAll(db, tasksSql);
  return {
    find: (id) => rowIn(sql.find.get(id)),
    insert: (row) => {
      const { request, live } = split(row);
      const { id, owner, kind, runner, conversationId, status, output } = row.task;
      const order = sql.insert.run(
        id,
        owner,
        kind,
        runner,
        conversationId,
        status,
        isOpen(row),
        row.isHead ? 1 : 0,
        row.worker?.node ?? null,
        JSON.stringify(live),
      );
      sql.insertRequest.run(order, JSON.stringify(request));
      if (output !== null) sql.insertAnswer.run(order, output.output);
      return { ...row, order };
    },
    update: (row) => {
      const { live } = split(row);
      if (row.task.output !== null) sql.insertAnswer.run(row.order, row.task.output.output);
      sql.update.run(
        row.task.status,
        isOpen(row),
        row.isHead ? 1 : 0,
        row.worker?.node ?? null,
        JSON.stringify(live),
        row.order,
      );
    },
    heads: function* (runner) {
      for (const raw of paged((after) => sql.heads.all(runner, after), pageSize)) yield toRow(raw);
    },
    firstOpen: (conversationId) => rowIn(sql.firstOpen.get(conversationId)),
    countOpen: (conversationId) => countIn(sql.countOpen.get(conversationId)),
    openOf: (node) => sql.openOf.all(node).map(toRow),
    list: ({ owner, status, kind, runner, conversationId }, { limit, before }) =>
      sql.list
        .all(
          owner,
          before ?? Number.MAX_SAFE_INTEGER,
          optional(status),
          kind ?? null,
          runner ?? null,
          conversationId ?? null,
          limit,
        )
        .map(toRow),
    stats: () => statsOf(sql),
  };
}
