import * as z from "zod";

/** A time about which it is not known whether messages arrived: the platform no longer had them. ISO 8601. */
const gapSchema = z.strictObject({
  from: z.string(),
  until: z.string(),
  notedAt: z.string(),
});

/** How far an inbox has been read. Stored as plain data in the transaction that accepts what was read. */
export const positionSchema = z.strictObject({
  /** The last row read; null before the first, and after the platform forgot it. */
  sinceId: z.string().nullable(),
  /** That row's `created_at`. */
  sinceAt: z.string().nullable(),
  /** The highest `seq` read. */
  seq: z.int().nullable(),
  /** When a poll last reached the end of the inbox, in epoch milliseconds; up to five minutes too early. */
  polledAt: z.number(),
  /** The last gap, shown by `status`. */
  gap: gapSchema.nullable(),
});

/** See {@link positionSchema}. */
export type Position = Readonly<z.output<typeof positionSchema>>;
export type Gap = Readonly<z.output<typeof gapSchema>>;

/** How far back the very first poll looks, and how much every later window overlaps, in seconds. */
const overlapSecs = 600;

/** The largest window that the platform gives, in seconds. */
const maxWindowSecs = 30 * 24 * 60 * 60;

/** An empty poll notes its time only this often, so that an idle inbox writes nothing. In milliseconds. */
const idleNoteMs = 5 * 60 * 1_000;

/** A window of time up to now. */
export interface Window {
  readonly secs: number;
  /** True where the platform does not reach back as far as the inbox was not read. */
  readonly isCut: boolean;
}

/** The window to ask for when there is no row to go on from. */
export function windowAt(position: Position | null, now: number): Window {
  if (position === null) return { secs: overlapSecs, isCut: false };
  const elapsedSecs = Math.ceil((now - position.polledAt) / 1_000);
  // A clock that was set back tells nothing: then everything is asked for, and known messages drop out.
  if (elapsedSecs < 0) return { secs: maxWindowSecs, isCut: false };
  const secs = elapsedSecs + overlapSecs;
  return { secs: Math.min(secs, maxWindowSecs), isCut: elapsedSecs > maxWindowSecs };
}

/** The gap between the last poll and the oldest row that is left; without one, the window's beginning. */
export function gapBefore(
  position: Position,
  found: { readonly now: number; readonly oldest: string | null },
): Gap {
  const { secs } = windowAt(position, found.now);
  return {
    from: new Date(position.polledAt).toISOString(),
    until: found.oldest ?? new Date(found.now - secs * 1_000).toISOString(),
    notedAt: new Date(found.now).toISOString(),
  };
}

/** The time to note for a poll that reached the end of the inbox. */
export function notedPoll(position: Position | null, isNews: boolean, now: number): number {
  if (position === null || isNews || now < position.polledAt) return now;
  return now - position.polledAt >= idleNoteMs ? now : position.polledAt;
}
