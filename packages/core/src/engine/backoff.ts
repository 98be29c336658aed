/** Pauses after failures in a row: 1, 2, 4 … seconds, at most a minute; without jitter. */
export function backoffMs(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.max(0, failures - 1));
}
