/**
 * Shows a change between two texts as a unified diff with one hunk and no lines around it: those may be
 * somebody's secrets.
 */
export function diff(file: string, before: string, after: string): readonly string[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old.at(-1 - end) === now.at(-1 - end)) end++;
  const gone = old.slice(start, old.length - end);
  const come = now.slice(start, now.length - end);
  const range = (lines: readonly string[]): string =>
    `${lines.length === 0 ? start : start + 1},${lines.length}`;
  return [
    `--- ${file}`,
    `+++ ${file}`,
    `@@ -${range(gone)} +${range(come)} @@`,
    ...gone.map((line) => `-${line}`),
    ...come.map((line) => `+${line}`),
  ];
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
