import {
  type EndedTask,
  isFinal,
  type OldestFirst,
  type PageRequest,
  type TaskRow,
  type TaskTable,
} from "@agent-bridge/core";
import { digest, exact } from "../exact.ts";
import { type Need, need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { parseEnded, storedTasks } from "./task-rows.ts";
import { newestFirst, oldestFirst, paged, pageSize, placeIn, type Viewed } from "./viewed.ts";

const columns = "task.ord, task.request, task.live, task.bytes, task.ended, task.answer";
const page = (where: string): string =>
  `CROSS JOIN LATERAL (SELECT * FROM task WHERE is_open AND ${where} AND task.ord > key.after ORDER BY task.ord LIMIT ${pageSize}) task`;
const load = (where: string): string =>
  `CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM task WHERE is_open AND ${where}) load`;

/** A task with the last seq of its log. */
export const taskById: Need = need("task by id", {
  keys: ["id"],
  select: `${columns}, (SELECT coalesce(max(seq), 0) FROM event WHERE event.task = task.ord) AS seq`,
  from: "JOIN task ON task.id = key.id",
});

const needs = {
  heads: need("task heads", {
    keys: ["runner", "after bigint"],
    select: columns,
    from: page("is_head AND runner = key.runner"),
  }),
  lane: need("task lane", {
    keys: ["conversation", "after bigint"],
    select: columns,
    from: page("conversation = key.conversation"),
  }),
  conversationLoad: need("task conversation load", {
    keys: ["conversation"],
    select: "load.*",
    from: load("conversation = key.conversation"),
  }),
  ownerLoad: need("task owner load", {
    keys: ["owner"],
    select: "load.*",
    from: load("owner = key.owner"),
  }),
  inConversation: need("task in conversation", {
    keys: ["conversation"],
    select: "(SELECT count(*) FROM task WHERE conversation = key.conversation) AS count",
    from: "",
  }),
  ofNode: need("task node", {
    keys: ["node"],
    select: columns,
    from: "JOIN task ON task.is_open AND task.node = key.node",
  }),
  ended: need("task ended", {
    keys: oldestFirst.keys,
    select: "task.ord, task.live",
    from: oldestFirst.from("task", "ended"),
  }),
  counts: need("task counts", {
    keys: ["whole"],
    select: "status, count",
    from: "CROSS JOIN (SELECT status, count(*) AS count FROM task GROUP BY status) counts",
  }),
  oldestPending: need("task oldest pending", {
    keys: ["whole"],
    select: columns,
    from: "CROSS JOIN LATERAL (SELECT * FROM task WHERE status = 'pending' ORDER BY ord LIMIT 1) task",
  }),
} as const;

const isOpen = ({ task }: TaskRow): boolean => !isFinal(task.status);

/** The task of this id, as the transaction has it now. */
export function taskIn({ tasks, facts }: View, id: string): TaskRow | undefined {
  return tasks.row(facts.of(taskById, exact(id)), ({ task }) => task.id === id);
}

/** The open tasks of a lane, oldest first. */
function openIn(view: View, conversationId: string): Generator<TaskRow> {
  const matches = (row: TaskRow): boolean =>
    isOpen(row) && row.task.conversationId === conversationId;
  const key = exact(conversationId);
  return paged(view.tasks, (after) => view.facts.of(needs.lane, key, after), matches);
}

function loadIn(
  { facts, tasks }: View,
  per: "owner" | "conversation",
  id: string,
): ReturnType<TaskTable["load"]> {
  const fact =
    per === "owner"
      ? facts.of(needs.ownerLoad, digest(id))
      : facts.of(needs.conversationLoad, exact(id));
  const counts = ({ task, ...row }: TaskRow): boolean =>
    isOpen({ task, ...row }) && (per === "owner" ? task.owner : task.conversationId) === id;
  return {
    count: tasks.count(fact, "count", (row) => (counts(row) ? 1 : 0)),
    bytes: tasks.count(fact, "bytes", (row) => (counts(row) ? row.inputBytes : 0)),
  };
}

function statsIn({ facts, tasks }: View): ReturnType<TaskTable["stats"]> {
  const counts = { pending: 0, running: 0, input_required: 0, completed: 0, failed: 0 };
  for (const { status, count } of facts.of(needs.counts, "")?.rows ?? [])
    counts[status as keyof typeof counts] = Number(count);
  const oldest = tasks.row(facts.of(needs.oldestPending, ""), () => true);
  return { counts, oldestPendingTime: oldest?.acceptedTime ?? null };
}

/** Those that have ended, but for those that this transaction removed. */
function endedIn({ facts, tasks }: View, request: OldestFirst): readonly EndedTask[] {
  const found = facts.of(needs.ended, ...placeIn(request))?.rows ?? [];
  return found.map(parseEnded).filter(({ order }) => tasks.seen(order) !== null);
}

const optional = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : exact(name);

/** The list of tasks that match; a question of its own for each combination of conditions. */
function list(
  view: View,
  filter: Parameters<TaskTable["list"]>[0],
  request: PageRequest,
): readonly TaskRow[] {
  const { owner, status, kind, runner, conversationId } = filter;
  const found = newestFirst(view, {
    table: "task",
    select: columns,
    conditions: {
      owner: owner === null ? undefined : digest(owner),
      kind: optional(kind),
      runner: optional(runner),
      conversation: optional(conversationId),
      status,
    },
    page: request,
  });
  return found.map((raw) => storedTasks.parse(raw));
}

/** Tasks in PostgreSQL. */
export function postgresTasks(viewed: Viewed): TaskTable {
  return {
    find: (id) => taskIn(viewed.view, id),
    insert: (row) => {
      const inserted = { ...row, order: viewed.view.nextOrder() };
      viewed.view.tasks.set(inserted);
      return inserted;
    },
    update: (row) => viewed.view.tasks.set(row),
    heads: (runner) => {
      const { view } = viewed;
      const matches = (row: TaskRow): boolean =>
        isOpen(row) && row.isHead && row.task.runner === runner;
      const key = exact(runner);
      return paged(view.tasks, (after) => view.facts.of(needs.heads, key, after), matches);
    },
    firstOpen: (conversationId) => openIn(viewed.view, conversationId).next().value ?? undefined,
    countOpen: (conversationId) => loadIn(viewed.view, "conversation", conversationId).count,
    load: (per, id) => loadIn(viewed.view, per, id),
    openOf: (node) => {
      const { tasks, facts } = viewed.view;
      const matches = (row: TaskRow): boolean => isOpen(row) && row.worker?.node === node;
      return tasks.rows(facts.of(needs.ofNode, exact(node)), matches);
    },
    list: (filter, request) => list(viewed.view, filter, request),
    stats: () => statsIn(viewed.view),
    isAnyIn: (conversationId) => {
      const { tasks, facts } = viewed.view;
      const fact = facts.of(needs.inConversation, exact(conversationId));
      const counted = (row: TaskRow): number =>
        row.task.conversationId === conversationId ? 1 : 0;
      return tasks.count(fact, "count", counted) > 0;
    },
    ended: (request) => endedIn(viewed.view, request),
    remove: ({ id }) => {
      const row = taskIn(viewed.view, id);
      if (row !== undefined) viewed.view.tasks.remove(row);
    },
  };
}
