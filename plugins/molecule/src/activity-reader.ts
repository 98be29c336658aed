import { BridgeError } from "@agent-bridge/core";
import type { Clock, Logger } from "@agent-bridge/core";
import { inOrder, instantOf, parseRows } from "./activity-row.ts";
import type { ActivityRow, Inbox } from "./activity-row.ts";
import type { PlatformAnswer, PlatformClient } from "./platform-client.ts";
import { gapBefore, notedPoll, windowAt } from "./position.ts";
import type { Gap, Position } from "./position.ts";

/** What one look into the inbox gave. */
export interface Reading {
  /** As they happened, oldest first. */
  readonly rows: readonly ActivityRow[];
  readonly position: Position;
  /** False where more rows are known to follow at once. */
  readonly isCaughtUp: boolean;
}

/** Reads a workspace's activity on from a position. */
export interface ActivityReader {
  read(position: Position | null, signal: AbortSignal): Promise<Reading>;
}

/** Whose activity, and by what. */
export interface ActivityReaderOptions extends Inbox {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rows of one answer: after a row, and in a window of time (the platform's maximum). */
const pageRows = 100;
const windowPageRows = 500;

/** How many pages of a window are walked back; beyond them it counts as cut. */
const maxWindowPages = 2_000;

/** What a window holds: its oldest rows, since the newer ones follow from there in order. */
interface WindowReading {
  readonly rows: readonly ActivityRow[];
  readonly isWhole: boolean;
  readonly isCut: boolean;
}

type Ask = (query: Readonly<Record<string, string>>) => Promise<PlatformAnswer>;

/** Creates a reader. It keeps nothing: all that it knows is in the position. */
export function activityReader(options: ActivityReaderOptions): ActivityReader {
  const { client, clock, logger, channel, workspaceId } = options;

  const asking =
    (signal: AbortSignal): Ask =>
    (query) =>
      client.request({
        operation: "receive",
        path: ["workspaces", workspaceId, "activity"],
        query: { type: "a2a_receive", include: "peer_info", ...query },
        signal,
        expected: query["since_id"] === undefined ? [] : [410],
      });

  const readAfter = async (position: Position, sinceId: string, ask: Ask): Promise<Reading> => {
    const { status, body } = await ask({ since_id: sinceId, limit: String(pageRows) });
    if (status === 410) {
      logger.warn("The platform no longer knows the last row that was read; reading on by time.", {
        channel,
        workspaceId,
        sinceId,
        sinceAt: position.sinceAt,
      });
      return readWindow({ ...position, sinceId: null, sinceAt: null }, ask);
    }
    const rows = parseRows(body, options);
    const isCaughtUp = rows.length < pageRows;
    return { rows, isCaughtUp, position: advance(position, { rows, isCaughtUp, gap: null }) };
  };

  const readWindow = async (position: Position | null, ask: Ask): Promise<Reading> => {
    const window = windowAt(position, clock.now());
    const { rows, isWhole, isCut } = await walkBack(position, ask);
    const gap = gapOf(position, { isCut: isCut || window.isCut, oldest: rows[0] });
    if (gap !== null) {
      logger.warn(
        "Messages may have been missed: the platform's activity does not reach back far enough.",
        {
          channel,
          workspaceId,
          ...gap,
        },
      );
    }
    const next = advance(position, { rows, isCaughtUp: isWhole, gap });
    return { rows, isCaughtUp: isWhole, position: next };
  };

  const gapOf = (
    position: Position | null,
    found: { isCut: boolean; oldest: ActivityRow | undefined },
  ): Gap | null => {
    if (!found.isCut || position === null) return null;
    const now = clock.now();
    const gap = gapBefore(position, windowAt(position, now), now);
    const oldestAt = found.oldest?.created_at ?? null;
    return oldestAt === null ? gap : { ...gap, until: oldestAt };
  };

  /**
   * Rows come newest first: pages are walked back to the oldest, and the two oldest pages kept. Should more
   * rows than a page holds share a millisecond, what lies behind it is kept; the rest follows from there.
   */
  const walkBack = async (position: Position | null, ask: Ask): Promise<WindowReading> => {
    let kept: readonly ActivityRow[] = [];
    let beforeMs: number | null = null;
    let isCrowded = false;
    let isWhole = true;
    for (let page = 1; ; page++) {
      const { body } = await ask({
        // The window's beginning stands still while it is read, so it grows with the time that takes.
        since_secs: String(windowAt(position, clock.now()).secs),
        limit: String(windowPageRows),
        ...(beforeMs === null ? {} : { before_ts: new Date(beforeMs).toISOString() }),
      });
      const rows = inOrder(parseRows(body, options));
      if (isCrowded && rows.length === 0) return { rows: kept, isWhole: false, isCut: true };
      isWhole &&= page <= 2 && !isCrowded;
      kept = isCrowded ? rows : inOrder([...rows, ...kept.slice(0, windowPageRows)]);
      const [oldest] = rows;
      if (oldest === undefined || rows.length < windowPageRows) {
        return { rows: kept, isWhole, isCut: false };
      }
      if (page === maxWindowPages) return { rows: kept, isWhole: false, isCut: true };
      // `before_ts` leaves out its own instant, at which rows may lie on both sides of a page's edge;
      // a millisecond later takes them in again, and their ids drop out.
      const oldestMs = Math.floor(instantOf(oldest) / 1_000);
      isCrowded = beforeMs !== null && oldestMs + 1 >= beforeMs;
      beforeMs = isCrowded ? oldestMs : oldestMs + 1;
    }
  };

  const advance = (
    position: Position | null,
    read: { rows: readonly ActivityRow[]; isCaughtUp: boolean; gap: Gap | null },
  ): Position => {
    const now = clock.now();
    const last = read.rows.findLast((row) => row.id);
    if (last === undefined && !read.isCaughtUp) {
      const detail = "no row of a full page has an id, so there is nothing to go on from";
      throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel, detail });
    }
    const seqs = read.rows.flatMap(({ seq }) => seq ?? []);
    const before = position ?? {
      sinceId: null,
      sinceAt: null,
      seq: null,
      polledAt: now,
      gap: null,
    };
    return {
      sinceId: last?.id ?? before.sinceId,
      sinceAt: last === undefined ? before.sinceAt : (last.created_at ?? null),
      seq: seqs.length === 0 ? before.seq : Math.max(before.seq ?? 0, ...seqs),
      polledAt: read.isCaughtUp ? notedPoll(position, read.rows.length > 0, now) : before.polledAt,
      gap: read.gap ?? before.gap,
    };
  };

  return {
    read: async (position, signal) => {
      const ask = asking(signal);
      const sinceId = position?.sinceId ?? null;
      if (position === null || sinceId === null) return readWindow(position, ask);
      return readAfter(position, sinceId, ask);
    },
  };
}
