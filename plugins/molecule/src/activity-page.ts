import type { PlatformAnswer } from "./platform-client.ts";

/** Asks for activity by the query's members. */
export type AskActivity = (query: Readonly<Record<string, string>>) => Promise<PlatformAnswer>;

/** One page of activity. */
export interface Page extends PlatformAnswer {
  /** The most rows that it could have. */
  readonly limit: number;
}

/** What a page shrinks by, when it does not fit. */
const shrinkBy = 4;

/**
 * Asks for a page of at most so many rows, and for a shorter one as long as its answer is too large to be
 * read: large messages must not shut the inbox for those behind them. A single row that is too large is
 * left to the caller, `isTooLarge`.
 */
export async function askPage(
  ask: AskActivity,
  query: Readonly<Record<string, string>>,
  rows: number,
): Promise<Page> {
  for (let limit = rows; ; limit = Math.ceil(limit / shrinkBy)) {
    const answer = await ask({ ...query, limit: String(limit) });
    if (answer.isTooLarge !== true || limit === 1) return { ...answer, limit };
  }
}
