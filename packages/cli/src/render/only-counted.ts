import type { StoreStats } from "@agent-bridge/core";

type OnlyCounted = StoreStats["onlyCounted"];

/** The messages of strangers of which only the number was kept, a line each channel. */
export function onlyCountedNotes(counted: OnlyCounted): readonly string[] {
  return counted.map(
    ({ channel, reason, count }) =>
      `${count} more by ${channel} (${reason}) came over the limit and were only counted.`,
  );
}

/** How many dead letters there are, in a line. */
export function deadLettersText({ deadLetters, onlyCounted }: StoreStats): string {
  const more = onlyCounted.reduce((sum, { count }) => sum + count, 0);
  return more === 0 ? String(deadLetters) : `${deadLetters}, and ${more} that were only counted`;
}
