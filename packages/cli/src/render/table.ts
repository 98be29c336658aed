import type { Surroundings } from "../surroundings.ts";
import { plainLine } from "./plain-text.ts";

/** Rows as aligned columns. The last column is not padded. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => plainLine(cell)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === head.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** A value is never broken into shorter lines. */
const leastRoom = 30;

/** Names and values, one a line. Values that are longer than the lines go on below themselves. */
export function renderFacts(
  facts: readonly (readonly [string, string])[],
  columns = Infinity,
): readonly string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  // Next to a long name there is no room: then the lines are longer than asked for.
  const room = Math.max(columns - width - 2, leastRoom);
  return facts.flatMap(([name, value]) =>
    wrap(value, room).map((line, at) =>
      `${(at === 0 ? name : "").padEnd(width)}  ${line}`.trimEnd(),
    ),
  );
}

/** A text in lines of at most so many characters, broken between words; a longer word stays whole. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= columns || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** How wide the lines of a terminal are; others read lines of any length. */
export function widthOf({ stdout }: Pick<Surroundings, "stdout">): number {
  return stdout.isTTY === true ? (stdout.columns ?? 80) : Infinity;
}
