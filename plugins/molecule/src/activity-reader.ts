import { BridgeError } from "@agent-bridge/core";
import type { Clock, Logger } from "@agent-bridge/core";
import { askPage } from "./activity-page.ts";
import type { AskActivity } from "./activity-page.ts";
import { parseRows, rowTooLarge } from "./activity-row.ts";
import type { ActivityRow, Inbox } from "./activity-row.ts";
import { readWindowRows } from "./activity-window.ts";
import type { PlatformClient } from "./platform-client.ts";
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

/** Whose activity, and by what. */
export interface ActivityReaderOptions {
  readonly inbox: Inbox;
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One look. */
interface Look extends ActivityReaderOptions {
  readonly ask: AskActivity;
}

/** Rows of one answer after a row. */
const pageRows = 100;

/**
 * Reads a workspace's activity on from a position, which is all that is known of what was read before.
 *
 * @param from.position null for the very first look
 */
export async function readActivity(
  options: ActivityReaderOptions,
  from: { readonly position: Position | null; readonly signal: AbortSignal },
): Promise<Reading> {
  const { client, inbox } = options;
  const ask: AskActivity = (query) =>
    client.request({
      operation: "receive",
      path: ["workspaces", inbox.workspaceId, "activity"],
      query: { type: "a2a_receive", include: "peer_info", ...query },
      signal: from.signal,
      expected: query["since_id"] === undefined ? [] : [410],
      mayBeTooLarge: true,
    });
  const { position } = from;
  const look = { ...options, ask };
  return position === null || position.sinceId === null
    ? readWindow(look, position)
    : readAfter(look, { ...position, sinceId: position.sinceId });
}

async function readAfter(look: Look, position: Position & { sinceId: string }): Promise<Reading> {
  const { inbox, logger, ask } = look;
  const query = { since_id: position.sinceId };
  const { status, body, limit, isTooLarge } = await askPage(ask, query, pageRows);
  if (isTooLarge === true) throw rowTooLarge(inbox);
  if (status === 410) {
    logger.warn("The platform no longer knows the last row that was read; it is read on by time.", {
      ...inbox,
      sinceId: position.sinceId,
      sinceAt: position.sinceAt,
    });
    return readWindow(look, { ...position, sinceId: null, sinceAt: null });
  }
  const rows = parseRows(body, inbox);
  const read = { rows, isCaughtUp: rows.length < limit, gap: null };
  return { rows, isCaughtUp: read.isCaughtUp, position: advance(look, position, read) };
}

async function readWindow(look: Look, position: Position | null): Promise<Reading> {
  const { inbox, clock, logger, ask } = look;
  const window = windowAt(position, clock.now());
  const secs = (): number => windowAt(position, clock.now()).secs;
  const { rows, isWhole, isCut } = await readWindowRows({ inbox, ask, secs });
  const isMissing = position !== null && (isCut || window.isCut);
  const gap = isMissing
    ? gapBefore(position, { now: clock.now(), oldest: rows[0]?.created_at ?? null })
    : null;
  if (gap !== null) logger.warn("Messages may have been missed.", { ...inbox, ...gap });
  const read = { rows, isCaughtUp: isWhole, gap };
  return { rows, isCaughtUp: isWhole, position: advance(look, position, read) };
}

interface Read {
  readonly rows: readonly ActivityRow[];
  readonly isCaughtUp: boolean;
  readonly gap: Gap | null;
}

function advance({ inbox, clock }: Look, position: Position | null, read: Read): Position {
  const now = clock.now();
  const last = read.rows.findLast((row) => row.id);
  if (last === undefined && !read.isCaughtUp) {
    const detail = "no row of a full page has an id, so there is nothing to go on from";
    throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel: inbox.channel, detail });
  }
  const seqs = read.rows.flatMap(({ seq }) => seq ?? []);
  const before = position ?? { sinceId: null, sinceAt: null, seq: null, polledAt: now, gap: null };
  return {
    sinceId: last?.id ?? before.sinceId,
    sinceAt: last === undefined ? before.sinceAt : (last.created_at ?? null),
    seq: seqs.length === 0 ? before.seq : Math.max(before.seq ?? 0, ...seqs),
    polledAt: read.isCaughtUp ? notedPoll(position, read.rows.length > 0, now) : before.polledAt,
    gap: read.gap ?? before.gap,
  };
}
