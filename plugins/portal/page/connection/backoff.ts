const shortestMs = 1_000;
const longestMs = 30_000;

/** How long to wait before the next try: 1 to 30 s, the longer the more have failed. @param random 0 to 1 */
export function retryMs(failures: number, random: number): number {
  const upTo = Math.min(longestMs, shortestMs * 2 ** Math.min(failures, 10));
  return Math.round(shortestMs + random * (upTo - shortestMs));
}
