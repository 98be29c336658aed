import { maxEventBytes, type NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import { boundedJson, cutBytes, isDeeperThan } from "./plain-data.ts";

const mark = " […cut]";
/** How deep the data of an event is kept; what lies deeper becomes text. */
const maxDepth = 64;
/** How many elements of a list or fields of an object a cut event keeps. */
const maxElements = 100;

/** Shortens every text inside to so many bytes, lists to as many elements as keep the promise, and what is too deep. */
function shorten(value: Json, bytes: number, depth: number): Json {
  if (typeof value === "string") {
    const kept = cutBytes(value, bytes);
    return kept === value ? value : kept + mark;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return boundedJson(value, bytes).text + mark;
  const within = (item: Json): Json => shorten(item, bytes, depth - 1);
  if (Array.isArray(value)) return (value as readonly Json[]).slice(0, maxElements).map(within);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxElements)
      .map(([key, item]) => [cutBytes(key, bytes), within(item)]),
  );
}

/** The event as the log keeps it: at most `maxEventBytes` of data, with a mark and the size it had if it was cut. */
export function fitEvent(event: NewEvent): NewEvent {
  const isDeep = isDeeperThan(event.data as Json, maxDepth);
  const bytes = isDeep
    ? boundedJson(event.data as Json, 0).bytes
    : Buffer.byteLength(JSON.stringify(event.data));
  if (!isDeep && bytes <= maxEventBytes) return event;
  for (let keep = maxEventBytes / 2; keep >= 1; keep /= 4) {
    for (let depth = maxDepth; depth >= 1; depth = Math.floor(depth / 4)) {
      const data = shorten(event.data as Json, keep, depth);
      if (Buffer.byteLength(JSON.stringify(data)) <= maxEventBytes)
        return { ...event, data, cut: { bytes } } as NewEvent;
    }
  }
  throw new TypeError(`An event of type ${event.type} can not be cut to size.`);
}
