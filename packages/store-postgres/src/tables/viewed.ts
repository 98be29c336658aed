import type { OldestFirst, PageRequest } from "@agent-bridge/core";
import type { Raw, Value } from "../view/columns.ts";
import type { Mirror } from "../view/mirror.ts";
import { type Fact, type Need, need } from "../view/needs.ts";
import type { View } from "../view/view.ts";

/** Where the view stands over which the rules run just now. They wait for nothing, so there is one at a time. */
export interface Viewed {
  view: View;
}

/** How many rows a list is read in at once. */
export const pageSize = 64;

/** Rows that match, oldest first, read a page at a time: a reader who stops early has read little. */
export function* paged<Row extends { readonly order: number }>(
  mirror: Mirror<Row>,
  page: (after: number) => Fact | undefined,
  matches: (row: Row) => boolean,
): Generator<Row> {
  for (let after = 0; ;) {
    const fact = page(after);
    if (fact === undefined) return;
    const last = fact.rows.at(-1);
    const isLast = last === undefined || fact.rows.length < pageSize;
    const through = isLast ? Number.POSITIVE_INFINITY : Number(last["ord"]);
    // Of what lies behind this page only a part is known.
    yield* mirror.rows(fact, (row) => row.order > after && row.order <= through && matches(row));
    if (isLast) return;
    after = through;
  }
}

/** A list that is oldest first by a column with a time; its parts go into a need. */
export const oldestFirst = {
  keys: [
    "after_time double_precision",
    "after_ord bigint",
    "through double_precision",
    "most bigint",
  ],
  from: (table: string, column: string): string => `CROSS JOIN LATERAL (SELECT * FROM ${table}
    WHERE ${column} <= key.through AND (${column}, ord) > (key.after_time, key.after_ord)
    ORDER BY ${column}, ord LIMIT key.most) ${table}`,
} as const;

/** The key of a list that is oldest first. */
export function placeIn({ after, through, limit }: OldestFirst): readonly Value[] {
  return [after?.time ?? -Number.MAX_VALUE, after?.order ?? 0, through, limit];
}

/** Conditions by column: one value, or several; without a value it does not count. */
type Conditions = Readonly<Record<string, Value | readonly string[] | undefined>>;

/** A need of a list that is newest first, under those conditions that have a value. */
function listNeed(of: { table: string; select: string; conditions: Conditions }): Need {
  const used = Object.entries(of.conditions).filter(([, value]) => value !== undefined);
  const where = used.map(([column, value]) =>
    Array.isArray(value)
      ? `${of.table}.${column} = ANY(string_to_array(key.${column}_value, ','))`
      : `${of.table}.${column} = key.${column}_value`,
  );
  const keys = used.map(([column]) => `${column}_value`);
  const names = used.map(([column, value]) => (Array.isArray(value) ? `${column}es` : column));
  return need([of.table, "list", ...names].join(" "), {
    keys: [...keys, "before bigint", "most bigint"],
    select: of.select,
    from: `CROSS JOIN LATERAL (SELECT * FROM ${of.table}
      WHERE ${[...where, `${of.table}.ord < key.before`].join(" AND ")}
      ORDER BY ord DESC LIMIT key.most) ${of.table}`,
  });
}

/** A page of a list that is newest first. Only looks ask for lists, and they change nothing. */
export function newestFirst(
  { facts }: View,
  of: { table: string; select: string; conditions: Conditions; page: PageRequest },
): readonly Raw[] {
  const { limit, before } = of.page;
  const values = Object.values(of.conditions)
    .filter((value) => value !== undefined)
    .map((value) => (Array.isArray(value) ? value.join(",") : (value as Value)));
  const fact = facts.of(listNeed(of), ...values, before ?? Number.MAX_SAFE_INTEGER, limit);
  return fact?.rows ?? [];
}
