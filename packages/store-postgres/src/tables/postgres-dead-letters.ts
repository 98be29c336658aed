import { Buffer } from "node:buffer";
import type { DeadLetterRow, DeadLetterTable } from "@agent-bridge/core";
import { exact } from "../exact.ts";
import { type Fact, need } from "../view/needs.ts";
import type { View } from "../view/view.ts";
import { type CountedRow, countedName, storedDeadLetters } from "./plain-rows.ts";
import { newestFirst, paged, pageSize, type Viewed } from "./viewed.ts";

const load = "count(*) AS count, coalesce(sum(bytes), 0) AS bytes";
const needs = {
  byId: need("dead letter by id", {
    keys: ["id"],
    select: "dead_letter.body",
    from: "JOIN dead_letter ON dead_letter.id = key.id",
  }),
  total: need("dead letter total", {
    keys: ["whole"],
    select: "load.*",
    from: `CROSS JOIN (SELECT ${load} FROM dead_letter) load`,
  }),
  load: need("dead letter load", {
    keys: ["channel", "reason"],
    select: "load.*",
    from: `CROSS JOIN LATERAL (SELECT ${load} FROM dead_letter
      WHERE dead_letter.channel = key.channel AND dead_letter.reason = key.reason) load`,
  }),
  ofTask: need("dead letter task", {
    keys: ["task"],
    select: "(SELECT count(*) FROM dead_letter WHERE task = key.task) AS count",
    from: "",
  }),
  oldest: need("dead letter oldest", {
    keys: ["after bigint"],
    select: "dead_letter.ord, dead_letter.body",
    from: `CROSS JOIN LATERAL (SELECT * FROM dead_letter WHERE dead_letter.ord > key.after
      ORDER BY ord LIMIT ${pageSize}) dead_letter`,
  }),
  counted: need("counted", {
    keys: ["name"],
    select: "counted.body",
    from: "JOIN counted ON counted.name = key.name",
  }),
  allCounted: need("counted all", {
    keys: ["whole"],
    select: "counted.body",
    from: "CROSS JOIN counted",
  }),
} as const;

const bytesOf = ({ payload }: DeadLetterRow): number => Buffer.byteLength(payload);

function letterIn({ facts, deadLetters }: View, id: string): DeadLetterRow | undefined {
  return deadLetters.row(facts.of(needs.byId, exact(id)), (row) => row.id === id);
}

/** How many match, and their bytes, by a question for all of those that are stored. */
function loadIn(
  { deadLetters }: View,
  fact: Fact | undefined,
  matches: (row: DeadLetterRow) => boolean,
): ReturnType<DeadLetterTable["total"]> {
  return {
    count: deadLetters.count(fact, "count", (row) => (matches(row) ? 1 : 0)),
    bytes: deadLetters.count(fact, "bytes", (row) => (matches(row) ? bytesOf(row) : 0)),
  };
}

function countOne({ facts, counted }: View, of: Pick<CountedRow, "channel" | "reason">): void {
  const name = countedName(of);
  const known = counted.row(facts.of(needs.counted, name), (row) => countedName(row) === name);
  counted.set({ ...of, count: (known?.count ?? 0) + 1 });
}

const byName = (one: CountedRow, other: CountedRow): number =>
  JSON.stringify([one.channel, one.reason]) < JSON.stringify([other.channel, other.reason])
    ? -1
    : 1;

/** Dead letters in PostgreSQL. */
export function postgresDeadLetters(viewed: Viewed): DeadLetterTable {
  return {
    insert: (row) => viewed.view.deadLetters.set({ ...row, order: viewed.view.nextOrder() }),
    remove: (id) => {
      const row = letterIn(viewed.view, id);
      if (row !== undefined) viewed.view.deadLetters.remove(row);
    },
    find: (id) => letterIn(viewed.view, id),
    list: (page) =>
      newestFirst(viewed.view, {
        table: "dead_letter",
        select: "dead_letter.body",
        conditions: {},
        page,
      }).map((raw) => storedDeadLetters.parse(raw)),
    count: () => loadIn(viewed.view, viewed.view.facts.of(needs.total, ""), () => true).count,
    load: (channel, reason) => {
      const fact = viewed.view.facts.of(needs.load, exact(channel), reason);
      return loadIn(viewed.view, fact, (row) => row.channel === channel && row.reason === reason);
    },
    countOnly: (channel, reason) => countOne(viewed.view, { channel, reason }),
    onlyCounted: () => {
      const { facts, counted } = viewed.view;
      return counted.rows(facts.of(needs.allCounted, ""), () => true).toSorted(byName);
    },
    oldest: () => {
      const { facts, deadLetters } = viewed.view;
      const rows = paged(
        deadLetters,
        (after) => facts.of(needs.oldest, after),
        () => true,
      );
      const row = rows.next().value ?? undefined;
      return row && { id: row.id, madeTime: row.madeTime, bytes: bytesOf(row) };
    },
    total: () => loadIn(viewed.view, viewed.view.facts.of(needs.total, ""), () => true),
    isAnyOf: (taskId) => {
      const { facts, deadLetters } = viewed.view;
      const counts = (row: DeadLetterRow): number => (row.taskId === taskId ? 1 : 0);
      return deadLetters.count(facts.of(needs.ofTask, exact(taskId)), "count", counts) > 0;
    },
  };
}
