import { Buffer } from "node:buffer";
import { type EventType, maxEventBytes, type NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";
import { boundedJson, cutBytes, isDeeperThan } from "../plain-data.ts";

const mark = " […cut]";
/** How deep the data of an event is kept; what lies deeper becomes text. */
const maxDepth = 64;
/** How many elements of a list or fields of an object a cut event keeps. */
const maxElements = 100;

/** An event as it is stored: its data as JSON text. `cutBytes`: the size before it was cut, null when it is whole. */
export interface EventBody {
  readonly type: EventType;
  readonly body: string;
  readonly cutBytes: number | null;
}

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

/** The largest text of the data that the log takes. */
function shortenedBody(data: Json, type: EventType): string {
  for (let keep = maxEventBytes / 2; keep >= 1; keep /= 4) {
    for (let depth = maxDepth; depth >= 1; depth = Math.floor(depth / 4)) {
      const body = JSON.stringify(shorten(data, keep, depth));
      if (Buffer.byteLength(body) <= maxEventBytes) return body;
    }
  }
  throw new TypeError(`An event of type ${type} can not be cut to size.`);
}

/** An event's data as JSON text of at most `maxEventBytes`. What is larger or deeper is shortened. */
export function eventBody(event: NewEvent): EventBody {
  const { type } = event;
  const data = event.data as Json;
  const given = event.cut?.bytes ?? null;
  if (isDeeperThan(data, maxDepth)) {
    return { type, body: shortenedBody(data, type), cutBytes: given ?? boundedJson(data, 0).bytes };
  }
  const body = JSON.stringify(data);
  const bytes = body.length * 3 <= maxEventBytes ? 0 : Buffer.byteLength(body);
  if (bytes <= maxEventBytes) return { type, body, cutBytes: given };
  return { type, body: shortenedBody(data, type), cutBytes: given ?? bytes };
}
