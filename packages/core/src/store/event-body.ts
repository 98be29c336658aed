import { Buffer } from "node:buffer";
import { type EventType, maxEventBytes, type NewEvent } from "../contract/event.ts";
import type { Json } from "../contract/json.ts";

const mark = "…";

/** Shortens every text over `longest` characters; never in the middle of a surrogate pair. */
function shortened(value: Json, longest: number): Json {
  if (typeof value === "string") {
    if (value.length <= longest) return value;
    const last = value.charCodeAt(longest - 1);
    return value.slice(0, last >= 0xd800 && last < 0xdc00 ? longest - 1 : longest) + mark;
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => shortened(item, longest));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, shortened(item, longest)]),
  );
}

/** For data that is large without long texts: lists keep their first items, objects become the start of their text. */
function trimmed(value: Json, bytes: number): Json {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= bytes) return value;
  if (!Array.isArray(value)) return { cut: text.slice(0, Math.floor(bytes / 8)) + mark };
  const kept: Json[] = [];
  let size = 2;
  for (const item of value as readonly Json[]) {
    size += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (size > bytes) break;
    kept.push(item);
  }
  return kept;
}

/** An event as it is stored: its data as JSON text. `cutBytes`: the size before it was cut, null when it is whole. */
export interface EventBody {
  readonly type: EventType;
  readonly body: string;
  readonly cutBytes: number | null;
}

/** An event's data as JSON text of at most 64 KiB. What is larger has its longest texts shortened. */
export function eventBody(event: NewEvent): EventBody {
  return { type: event.type, ...boundedText(event) };
}

function boundedText(event: NewEvent): Omit<EventBody, "type"> {
  const body = JSON.stringify(event.data);
  const given = event.cut?.bytes ?? null;
  if (body.length * 3 <= maxEventBytes) return { body, cutBytes: given };
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxEventBytes) return { body, cutBytes: given };
  const cutBytes = given ?? bytes;
  const data = JSON.parse(body) as { [key: string]: Json };
  for (let longest = maxEventBytes; longest >= 256; longest = Math.floor(longest * 0.75)) {
    const text = JSON.stringify(shortened(data, longest));
    if (Buffer.byteLength(text) <= maxEventBytes) return { body: text, cutBytes };
  }
  const fields = Object.entries(data);
  const share = Math.floor((maxEventBytes - 1024) / fields.length);
  const small = fields.map(([key, value]) => [
    key,
    value !== null && typeof value === "object" ? trimmed(value, share) : shortened(value, 256),
  ]);
  return { body: JSON.stringify(Object.fromEntries(small)), cutBytes };
}
