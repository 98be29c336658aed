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

/** Fields that hold a moment in epoch milliseconds: `at`, `createdAt`, … */
const isMoment = (key: string): boolean => key === "at" || key.endsWith("At");

/** `conversationId` → `conversation_id`. */
export function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
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
  const given = Object.entries(value) as [string, unknown][];
  const known = given.filter(([, item]) => item !== undefined);
  return Object.fromEntries(known.map(([key, item]) => [snakeCase(key), fieldToWire(key, item)]));
}

function fieldToWire(key: string, item: unknown): Json {
  if (typeof item === "number" && isMoment(key)) return isoTime(item);
  return foreignFields.has(key) ? (item as Json) : toWire(item);
}
