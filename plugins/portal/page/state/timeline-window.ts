import type { Timeline, TimelineItem } from "./timeline.ts";

/** What one task's timeline may hold in the page. The whole log stays in the bridge. */
export interface WindowLimits {
  readonly items: number;
  /** Characters of all items together. */
  readonly characters: number;
}

export const windowLimits: WindowLimits = { items: 400, characters: 4_000_000 };

/** How much more than its limits a window takes before it is cut, so that not every event cuts. */
const slack = 1.25;

const sizes = new WeakMap<TimelineItem, number>();

/** Roughly the characters that an item holds; counted once, items never change. */
function sizeOf(item: TimelineItem): number {
  const known = sizes.get(item);
  if (known !== undefined) return known;
  const size = item.type === "text" ? item.text.length : JSON.stringify(item).length;
  sizes.set(item, size);
  return size;
}

/** Drops the oldest items beyond the limits; the newest one always stays. */
export function windowed(timeline: Timeline, limits: WindowLimits = windowLimits): Timeline {
  const { items } = timeline;
  let total = 0;
  for (const item of items) total += sizeOf(item);
  const fits = items.length <= limits.items * slack && total <= limits.characters * slack;
  if (fits) return timeline;
  let first = Math.max(0, items.length - limits.items);
  for (const item of items.slice(0, first)) total -= sizeOf(item);
  while (first < items.length - 1 && total > limits.characters) {
    const item = items[first++];
    if (item !== undefined) total -= sizeOf(item);
  }
  return { items: items.slice(first), droppedCount: timeline.droppedCount + first };
}
