import { maxEventBytes, type NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import { cutBytes } from "./plain-data.ts";

const mark = " […cut]";

/** Shortens every text inside to so many bytes, and lists to as many elements as keep the promise. */
function shorten(value: Json, bytes: number): Json {
  if (typeof value === "string") {
    const kept = cutBytes(value, bytes);
    return kept === value ? value : kept + mark;
  }
  if (Array.isArray(value))
    return (value as readonly Json[]).slice(0, 100).map((item) => shorten(item, bytes));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 100)
      .map(([key, item]) => [key, shorten(item, bytes)]),
  );
}

/** The event as the log keeps it: at most `maxEventBytes` of data, with a mark and the size it had if it was cut. */
export function fitEvent(event: NewEvent): NewEvent {
  const bytes = Buffer.byteLength(JSON.stringify(event.data));
  if (bytes <= maxEventBytes) return event;
  for (let keep = maxEventBytes / 2; keep >= 1; keep /= 4) {
    const data = shorten(event.data as Json, keep);
    if (Buffer.byteLength(JSON.stringify(data)) <= maxEventBytes) {
      return { ...event, data, cut: { bytes } } as NewEvent;
    }
  }
  throw new TypeError(`An event of type ${event.type} can not be cut to size.`);
}
