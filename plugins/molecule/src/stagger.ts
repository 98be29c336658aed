/** The longest time between the starts of two neighbours, and the time over which all are spread, in milliseconds. */
const apartMs = 500;
const spreadMs = 5_000;

/**
 * How long a channel waits before it asks its platform for the first time: each a little after the one before.
 * Polls and heartbeats keep their distance from then on, so many workspaces are no burst.
 *
 * @param place of the channel among `count`, from 0
 */
export function startDelayMs(place: number, count: number): number {
  return Math.floor(place * Math.min(apartMs, spreadMs / count));
}
