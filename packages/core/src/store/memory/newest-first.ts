import type { PageRequest } from "../tables.ts";

/** A page of rows kept oldest first, whose order is their place from 1. */
export function newestFirst<R>(
  rows: readonly R[],
  page: PageRequest,
  matches: (row: R) => boolean = () => true,
): readonly R[] {
  const found: R[] = [];
  const start = Math.min(rows.length, (page.before ?? rows.length + 1) - 1);
  for (let place = start - 1; place >= 0 && found.length < page.limit; place--) {
    const row = rows[place] as R;
    if (matches(row)) found.push(row);
  }
  return found;
}
