import type { DatabaseSync } from "node:sqlite";
import {
  type EndedTask,
  isFinal,
  type New,
  type TaskRow,
  type TaskTable,
} from "@agent-bridge/core";
import { copied } from "../copied.ts";
import type { Kept } from "../kept.ts";
import {
  behind,
  type Condition,
  countIn,
  exact,
  highestOf,
  keepHighest,
  newestFirst,
  original,
  pageSize,
  paged,
  parsed,
  placeIn,
  prepareAll,
  type Raw,
} from "./statements.ts";

type Task = TaskRow["task"];

/** What was fixed when the task was accepted; kept apart from the row that changes. */
type Request = Pick<
  TaskRow,
  "provenance" | "rules" | "questions" | "destination" | "messageKey" | "acceptedTime"
> &
  Pick<Task, "input">;

/** The rest, but for what has a column or a table of its own. */
type Live = Omit<TaskRow, keyof Request | "order" | "inputBytes" | "task" | "endedTime"> & {
  readonly task: Omit<Task, "input" | "output"> & { readonly hasOutput: boolean };
};

/** A task that is worked on, as it was written last. */
interface Held {
  readonly text: string;
  readonly request: Request;
  readonly row: TaskRow;
}

/** How many held tasks are kept in memory. */
const keptTasks = 1_000;

const columns =
  "task.ord, task.bytes, task.ended, task.live, request.body AS request, answer.output AS output";
const joined = "JOIN request ON request.task = task.ord LEFT JOIN answer ON answer.task = task.ord";
const select = `SELECT ${columns} FROM task ${joined}`;
/** By an index of open tasks: SQLite would rather take one that holds the ended ones as well. */
const selectBy = (index: string): string =>
  `SELECT ${columns} FROM task INDEXED BY ${index} ${joined} WHERE is_open = 1`;

const selectLoad = (index: string): string =>
  `SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM task INDEXED BY ${index} WHERE is_open = 1`;

function assembled(
  { input, ...fixed }: Request,
  live: Live,
  of: Pick<TaskRow, "order" | "inputBytes" | "endedTime"> & Pick<Task, "output">,
): TaskRow {
  const { task: changing, ...rest } = live;
  const { hasOutput: _, ...task } = changing;
  const { output, ...own } = of;
  return { ...own, ...fixed, ...rest, task: { ...task, input, output } };
}

function toRow(raw: Raw): TaskRow {
  const live = parsed<Live>(raw, "live");
  const output = live.task.hasOutput ? { output: parsed<string>(raw, "output") } : null;
  return assembled(parsed<Request>(raw, "request"), live, {
    order: Number(raw["ord"]),
    inputBytes: Number(raw["bytes"]),
    endedTime: raw["ended"] === null ? null : Number(raw["ended"]),
    output,
  });
}

const toEnded = (raw: Raw): EndedTask => ({
  order: Number(raw["ord"]),
  id: raw["id"] as string,
  owner: original(raw["owner"] as string),
  conversationId: raw["conversation"] as string | null,
  reply: raw["reply"] as Task["reply"],
  endedTime: Number(raw["ended"]),
});

const rowIn = (raw: Raw | undefined): TaskRow | undefined =>
  raw === undefined ? undefined : toRow(raw);

const columnsOf = ({ order, inputBytes, endedTime }: TaskRow) => ({ order, inputBytes, endedTime });

function split(row: New<TaskRow>): { request: Request; live: Live } {
  const { task, provenance, rules, questions, destination, messageKey, acceptedTime, ...rest } =
    row;
  const { input, output, ...live } = task;
  const fields = rest as typeof rest & { order?: number };
  const { order: _, inputBytes: _bytes, endedTime: _ended, ...others } = fields;
  return {
    request: { provenance, rules, questions, destination, messageKey, acceptedTime, input },
    live: { ...others, task: { ...live, hasOutput: output !== null } },
  };
}

const bit = (value: boolean): number => (value ? 1 : 0);

function hasSameFields(one: object, other: object, besides = ""): boolean {
  const fields = one as { readonly [key: string]: unknown };
  for (const key in fields)
    if (key !== besides && fields[key] !== (other as typeof fields)[key]) return false;
  return true;
}

/** True for a row that was made from another and changed in nothing. Rows are never changed in place. */
const isSame = (one: TaskRow, other: TaskRow): boolean =>
  hasSameFields(one, other, "task") && hasSameFields(one.task, other.task);

/** The tasks that are worked on, so that appending to their logs reads and writes no task. */
function keepHeld() {
  const held = new Map<string, Held>();
  return {
    find: (id: string): Held | undefined => held.get(id),
    keep: (row: TaskRow, text: string): void => {
      const { id } = row.task;
      const known = held.get(id);
      held.delete(id);
      if (!row.isHeld) return;
      if (held.size >= keptTasks) held.clear();
      const request = known?.request ?? copied(split(row).request);
      const live = JSON.parse(text) as Live;
      held.set(id, {
        text,
        request,
        row: assembled(request, live, { ...columnsOf(row), output: null }),
      });
    },
    forget: (): void => held.clear(),
  };
}

const tasksSql = {
  find: `${select} WHERE task.id = ?`,
  insert: `INSERT INTO task (ord, id, owner, kind, runner, conversation, status, is_open, is_head, node, bytes, live)
     VALUES (${highestOf("task", "ord")} + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  insertRequest: "INSERT INTO request VALUES (?, ?)",
  insertAnswer: "INSERT INTO answer VALUES (?, ?) ON CONFLICT DO NOTHING",
  update:
    "UPDATE task SET status = ?, is_open = ?, is_head = ?, node = ?, ended = ?, live = ? WHERE ord = ?",
  heads: `${selectBy("task_head")} AND is_head = 1 AND runner = ? AND ord > ? ORDER BY ord LIMIT ${pageSize}`,
  firstOpen: `${selectBy("task_lane")} AND conversation = ? ORDER BY ord LIMIT 1`,
  countOpen:
    "SELECT count(*) AS count FROM task INDEXED BY task_lane WHERE is_open = 1 AND conversation = ?",
  ownerLoad: `${selectLoad("task_owner_load")} AND owner = ?`,
  conversationLoad: `${selectLoad("task_lane")} AND conversation = ?`,
  openOf: `${selectBy("task_node")} AND node = ? ORDER BY ord`,
  counts: "SELECT status, count FROM task_count",
  oldestPending:
    "SELECT request.body AS request FROM task JOIN request ON request.task = ord WHERE status = 'pending' ORDER BY ord LIMIT 1",
  firstIn: "SELECT ord FROM task INDEXED BY task_conversation WHERE conversation = ? LIMIT 1",
  ended: `SELECT ord, id, owner, conversation, ended, live ->> '$.task.reply' AS reply FROM task INDEXED BY task_ended
     WHERE ended IS NOT NULL AND ${behind("ended")} ORDER BY ended, ord LIMIT ?`,
  removeRequest: "DELETE FROM request WHERE task = ?",
  removeAnswer: "DELETE FROM answer WHERE task = ?",
  remove: "DELETE FROM task WHERE ord = ?",
  keepHighest: keepHighest("task"),
} as const;

type TaskStatements = ReturnType<typeof prepareAll<keyof typeof tasksSql>>;

function statsOf(sql: TaskStatements): ReturnType<TaskTable["stats"]> {
  const counts = { pending: 0, running: 0, input_required: 0, completed: 0, failed: 0 };
  for (const raw of sql.counts.all()) counts[raw["status"] as Task["status"]] = countIn(raw);
  const oldest = sql.oldestPending.get();
  return {
    counts,
    oldestPendingTime:
      oldest === undefined ? null : parsed<Request>(oldest, "request").acceptedTime,
  };
}

function insert(sql: TaskStatements, row: New<TaskRow>): TaskRow {
  const { request, live } = split(row);
  const { id, owner, kind, runner, conversationId, status } = row.task;
  const order = sql.insert.run(
    id,
    exact(owner),
    kind,
    runner,
    conversationId,
    status,
    bit(!isFinal(status)),
    bit(row.isHead),
    row.worker?.node ?? null,
    row.inputBytes,
    JSON.stringify(live),
  );
  sql.insertRequest.run(order, JSON.stringify(request));
  return { ...row, order };
}

function update(sql: TaskStatements, row: TaskRow, live: string): void {
  const { status, output } = row.task;
  if (output !== null) sql.insertAnswer.run(row.order, JSON.stringify(output.output));
  sql.update.run(
    status,
    bit(!isFinal(status)),
    bit(row.isHead),
    row.worker?.node ?? null,
    row.endedTime,
    live,
    row.order,
  );
}

/** One status is found in its index; several are looked for from the newest task on. */
function statusIs(status: readonly Task["status"][] | undefined): Condition {
  const [first, ...others] = status ?? [];
  if (status === undefined || first === undefined) return { sql: "FALSE", value: undefined };
  if (others.length === 0) return { sql: "status = ?", value: first };
  return { sql: "+status IN (SELECT value FROM json_each(?))", value: JSON.stringify(status) };
}

function listOf(db: DatabaseSync): TaskTable["list"] {
  const list = newestFirst(db, `${select} WHERE TRUE`);
  const listOpen = newestFirst(db, selectBy("task_open"));
  return ({ owner, status, kind, runner, conversationId }, page) => {
    if (status?.length === 0) return [];
    const isOpen = status !== undefined && !status.some(isFinal);
    const conditions = [
      { sql: "owner = ?", value: owner === null ? undefined : exact(owner) },
      { sql: "conversation = ?", value: conversationId },
      { sql: "kind = ?", value: kind },
      { sql: "runner = ?", value: runner },
      statusIs(status),
    ];
    return (isOpen ? listOpen : list)(conditions, page).map(toRow);
  };
}

/** Tasks in SQLite. */
export function sqliteTasks(db: DatabaseSync): TaskTable & { readonly kept: Kept } {
  const sql = prepareAll(db, tasksSql);
  const held = keepHeld();
  return {
    kept: { settle: () => undefined, forget: held.forget },
    find: (id) => held.find(id)?.row ?? rowIn(sql.find.get(id)),
    insert: (row) => insert(sql, row),
    update: (row) => {
      const known = held.find(row.task.id);
      // Most appends change the log only.
      if (known !== undefined && isSame(row, known.row)) return;
      const live = JSON.stringify(split(row).live);
      if (known?.text === live) return;
      update(sql, row, live);
      held.keep(row, live);
    },
    heads: function* (runner) {
      for (const raw of paged((after) => sql.heads.all(runner, after))) yield toRow(raw);
    },
    firstOpen: (conversationId) => rowIn(sql.firstOpen.get(conversationId)),
    countOpen: (conversationId) => countIn(sql.countOpen.get(conversationId)),
    load: (per, id) => {
      const raw = per === "owner" ? sql.ownerLoad.get(exact(id)) : sql.conversationLoad.get(id);
      return { count: countIn(raw), bytes: Number(raw?.["bytes"] ?? 0) };
    },
    openOf: (node) => sql.openOf.all(node).map(toRow),
    list: listOf(db),
    isAnyIn: (conversationId) => sql.firstIn.get(conversationId) !== undefined,
    ended: (request) => sql.ended.all(...placeIn(request)).map(toEnded),
    remove: ({ order }) => {
      sql.removeRequest.run(order);
      sql.removeAnswer.run(order);
      sql.remove.run(order);
      sql.keepHighest.run(order, order);
    },
    stats: () => statsOf(sql),
  };
}
