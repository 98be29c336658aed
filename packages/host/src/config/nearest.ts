/**
 * The candidate that a misspelt word most likely means: the fewest changes of one letter, at most a
 * third of the word's length and two.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((left, right) => left.distance - right.distance);
  return ranked[0]?.candidate;
}

/** The number of insertions, deletions and replacements between two words (Levenshtein), a row at a time. */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [leftIndex, leftLetter] of left.split("").entries()) {
    const next = [leftIndex + 1];
    for (const [rightIndex, rightLetter] of right.split("").entries()) {
      const replaced = (row[rightIndex] ?? 0) + (leftLetter === rightLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[rightIndex + 1] ?? 0) + 1, (next[rightIndex] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
