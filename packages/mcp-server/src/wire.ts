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

/** `conversationId` → `conversation_id`. */
export function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A moment as a client sees it. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** How a field is written: under which name, and what becomes of its contents. */
interface Field {
  readonly name: string;
  readonly write: (item: unknown) => Json;
}

const maxFields = 1000;

/** Fields that were written before: they are our own, so there are few. */
const fields = new Map<string, Field>();

const asItIs = (item: unknown): Json => item as Json;
const asMoment = (item: unknown): Json => (typeof item === "number" ? isoTime(item) : toWire(item));

function writerOf(key: string): Field["write"] {
  if (foreignFields.has(key)) return asItIs;
  // Fields that hold a moment in epoch milliseconds: `at`, `createdAt`, …
  return key === "at" || key.endsWith("At") ? asMoment : toWire;
}

function fieldOf(key: string): Field {
  const known = fields.get(key);
  if (known !== undefined) return known;
  const field = { name: snakeCase(key), write: writerOf(key) };
  if (fields.size < maxFields) fields.set(key, field);
  return field;
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
  for (const key of Object.keys(value)) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    // Our own fields have no such name as is left out.
    if (item === undefined || key === "__proto__") continue;
    const { name, write } = fieldOf(key);
    wire[name] = write(item);
  }
  return wire;
}
