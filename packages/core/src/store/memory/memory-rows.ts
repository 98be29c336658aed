import type { OldestFirst, PageRequest } from "../tables.ts";

/** Rows kept oldest first, whose order is their place from 1. What was removed leaves its place empty. */
export type Rows<R> = (R | undefined)[];

/** A page of rows, newest first. */
export function newestFirst<R>(
  rows: Readonly<Rows<R>>,
  page: PageRequest,
  matches: (row: R) => boolean = () => true,
): readonly R[] {
  const found: R[] = [];
  const start = Math.min(rows.length, (page.before ?? rows.length + 1) - 1);
  for (let place = start - 1; place >= 0 && found.length < page.limit; place--) {
    const row = rows[place];
    if (row !== undefined && matches(row)) found.push(row);
  }
  return found;
}

/** The oldest rows by a time; those without one are left out. */
export function oldestFirst<R extends { readonly order: number }>(
  rows: Iterable<R | undefined>,
  { after, through, limit }: OldestFirst,
  timeOf: (row: R) => number | null,
): readonly R[] {
  const timed: { row: R; time: number }[] = [];
  for (const row of rows) {
    const time = row === undefined ? null : timeOf(row);
    if (row === undefined || time === null || time > through) continue;
    const isBehind =
      after === null || time > after.time || (time === after.time && row.order > after.order);
    if (isBehind) timed.push({ row, time });
  }
  return timed
    .toSorted((a, b) => a.time - b.time || a.row.order - b.row.order)
    .slice(0, limit)
    .map(({ row }) => row);
}
