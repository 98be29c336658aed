import type { TimelineItem } from "./timeline.ts";

/** Steps that follow one another, under one line; or one item that stands for itself. */
export type TimelineGroup =
  | {
      readonly type: "steps";
      readonly key: number;
      readonly items: readonly TimelineItem[];
    }
  | { readonly type: "single"; readonly key: number; readonly item: TimelineItem };

/** What is folded together. Texts, plans, questions, warnings and attempts are for everyone to see. */
const isStep = (item: TimelineItem): boolean =>
  item.type === "thinking" ||
  item.type === "tool" ||
  item.type === "file" ||
  (item.type === "notice" && item.level === "info");

/** Groups a timeline, in order. */
export function groupTimeline(items: readonly TimelineItem[]): readonly TimelineGroup[] {
  const groups: TimelineGroup[] = [];
  let steps: TimelineItem[] = [];
  const close = (): void => {
    const [first] = steps;
    if (first !== undefined) groups.push({ type: "steps", key: first.seq, items: steps });
    steps = [];
  };
  for (const item of items) {
    if (isStep(item)) steps.push(item);
    else {
      close();
      groups.push({ type: "single", key: item.seq, item });
    }
  }
  close();
  return groups;
}

/** How each sort of step is counted. */
const counted = [
  ["tool", "tool call", "tool calls"],
  ["file", "file change", "file changes"],
  ["thinking", "thought", "thoughts"],
  ["notice", "notice", "notices"],
] as const;

/** What a group of steps holds, in words: `3 tool calls, 1 file change`. */
export function groupText(items: readonly TimelineItem[]): string {
  return counted
    .map(([type, one, many]) => ({
      count: items.filter((item) => item.type === type).length,
      one,
      many,
    }))
    .filter(({ count }) => count > 0)
    .map(({ count, one, many }) => `${count} ${count === 1 ? one : many}`)
    .join(", ");
}

/** How many steps of a group went wrong. */
export function failuresIn(items: readonly TimelineItem[]): number {
  return items.filter((item) => item.type === "tool" && item.status === "error").length;
}
