import type { Json, JsonObject } from "@agent-bridge/core";

/**
 * Fields whose contents are somebody else's: a tool's input, a caller's metadata. They are handed on as they
 * are, because a renamed key in them would be a changed message.
 */
export const foreignFields: ReadonlySet<string> = new Set([
  "payload",
  "metadata",
  "details",
  "content",
  "input",
  "output",
  "schema",
  "options",
  "callerOptions",
]);

const maxMapped = 1000;

/** Fields that hold a moment in epoch milliseconds: `at`, `createdAt`, … */
const isMoment = (key: string): boolean => key === "at" || key.endsWith("At");

/** Names that were mapped before: they are those of our own fields, so there are few. */
const mapped = new Map<string, string>();

/** `conversationId` → `conversation_id`. */
export function snakeCase(key: string): string {
  const known = mapped.get(key);
  if (known !== undefined) return known;
  const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (mapped.size < maxMapped) mapped.set(key, name);
  return name;
}

/** A moment as a client sees it. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/**
 * The one mapper from what the bridge works with to what a client sees: keys in snake case, moments as ISO 8601,
 * fields that are undefined left out.
 */
export function toWire(value: unknown): Json {
  if (Array.isArray(value)) return value.map((item: unknown) => toWire(item));
  if (typeof value !== "object" || value === null) return value as Json;
  return objectToWire(value);
}

/** The same for what is known to be an object. */
export function objectToWire(value: object): JsonObject {
  const wire: Record<string, Json> = {};
  // A loop: this is most of what a small answer costs. Our own fields have no such name as is left out.
  for (const [key, item] of Object.entries(value) as [string, unknown][])
    if (item !== undefined && key !== "__proto__") wire[snakeCase(key)] = fieldToWire(key, item);
  return wire;
}

function fieldToWire(key: string, item: unknown): Json {
  if (typeof item === "number" && isMoment(key)) return isoTime(item);
  return foreignFields.has(key) ? (item as Json) : toWire(item);
}
