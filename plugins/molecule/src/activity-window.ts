import { inOrder, instantOf, parseRows, rowTooLarge } from "./activity-row.ts";
import type { ActivityRow, Inbox } from "./activity-row.ts";
import { askPage } from "./activity-page.ts";
import type { AskActivity } from "./activity-page.ts";

/** Which window of time up to now is read. */
export interface WindowQuery {
  readonly inbox: Inbox;
  readonly ask: AskActivity;
  /** The window's size in seconds; asked again for each page, since it grows while it is read. */
  readonly secs: () => number;
}

/** The oldest rows of a window, oldest first: the newer ones follow from there in order. */
export interface WindowRows {
  readonly rows: readonly ActivityRow[];
  /** False where newer rows are known to follow. */
  readonly isWhole: boolean;
  /** True where older rows of the window were not reached. */
  readonly isCut: boolean;
}

/** Rows of one answer: the platform's maximum. */
const pageRows = 500;

/** How many pages are walked back; beyond them the window counts as cut. */
const maxPages = 2_000;

/**
 * Reads the oldest rows of a window. Without a row to go on from the platform gives the newest first, so
 * pages are walked back to the oldest, and the two oldest are kept. Where more rows than a page holds
 * share a millisecond, only what lies behind it is kept; the rest follows from there.
 */
export async function readWindowRows({ inbox, ask, secs }: WindowQuery): Promise<WindowRows> {
  let kept: readonly ActivityRow[] = [];
  let beforeMs: number | null = null;
  let isCrowded = false;
  let isWhole = true;
  for (let page = 1; ; page++) {
    const query = {
      since_secs: String(secs()),
      ...(beforeMs === null ? {} : { before_ts: new Date(beforeMs).toISOString() }),
    };
    const { body, limit, isTooLarge } = await askPage(ask, query, pageRows);
    if (isTooLarge === true) throw rowTooLarge(inbox);
    const rows = inOrder(parseRows(body, inbox));
    if (isCrowded && rows.length === 0) return { rows: kept, isWhole: false, isCut: true };
    isWhole &&= page <= 2 && !isCrowded;
    kept = isCrowded ? rows : inOrder([...rows, ...kept.slice(0, pageRows)]);
    const [oldest] = rows;
    if (oldest === undefined || rows.length < limit) {
      return { rows: kept, isWhole, isCut: false };
    }
    if (page === maxPages) return { rows: kept, isWhole: false, isCut: true };
    // `before_ts` leaves out its own instant, at which rows may lie on both sides of a page's edge;
    // a millisecond later takes them in again, and their ids drop out.
    const oldestMs = Math.floor(instantOf(oldest) / 1_000);
    isCrowded = beforeMs !== null && oldestMs + 1 >= beforeMs;
    beforeMs = isCrowded ? oldestMs : oldestMs + 1;
  }
}
