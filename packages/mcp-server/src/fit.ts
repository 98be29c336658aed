import type { Json, JsonObject } from "@agent-bridge/core";
import { foreignFields, snakeCase } from "./wire.ts";

/** The JSON of an answer, in bytes: what clients take without cutting it themselves. */
export const defaultAnswerBytes = 16 * 1024;

/** What no setting can go over. */
export const maxAnswerBytes = 64 * 1024;

/** Texts are not cut below this: names, ids and times stay whole. */
const shortestBytes = 256;

/** Foreign data over this becomes its JSON text when an answer is too large, so that it can be cut like one. */
const foreignBytes = 1024;

const foreign = new Set([...foreignFields].map(snakeCase));

/** The size of a value's JSON in bytes. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** A value that fits, and whether something of it had to be cut. */
export interface Fitted<T> {
  readonly value: T;
  /** The JSON of it. */
  readonly text: string;
  readonly isCut: boolean;
}

/**
 * Makes an answer fit into so many bytes of JSON by cutting its longest texts, each with a mark that says how
 * long it was. Nothing else of it changes: what is no text is small, but for foreign data, which becomes text.
 */
export function fit<T extends JsonObject>(value: T, bytes: number): Fitted<T> {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= bytes) return { value, text, isCut: false };
  const texts = cutTexts(foreignAsText(value), bytes);
  let [low, high] = [shortestBytes, bytes];
  // The longest limit for a text under which the whole fits.
  while (high - low > 64) {
    const middle = Math.floor((low + high) / 2);
    if (jsonBytes(cutTexts(texts, middle)) <= bytes) low = middle;
    else high = middle;
  }
  const cut = cutTexts(texts, low) as T;
  return { value: cut, text: JSON.stringify(cut), isCut: true };
}

function mapFields(value: Json, change: (item: Json, key: string) => Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => change(item, ""));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries<Json>(value as JsonObject).map(([key, item]) => [key, change(item, key)]),
  );
}

function foreignAsText(value: Json): Json {
  return mapFields(value, (item, key) => {
    if (!foreign.has(key) || typeof item !== "object") return foreignAsText(item);
    const text = JSON.stringify(item);
    return Buffer.byteLength(text) > foreignBytes ? text : item;
  });
}

function cutTexts(value: Json, bytes: number): Json {
  if (typeof value === "string") return cutText(value, bytes);
  return mapFields(value, (item) => cutTexts(item, bytes));
}

/** What a text that was cut ends with; a text that is cut again keeps the first size. */
const markPattern = / \[…cut: (\d+) bytes in all\]$/;

/** The beginning of a text, so that it has at most so many bytes in JSON, with a mark of what is missing. */
export function cutText(text: string, bytes: number): string {
  // A character has at most six bytes in JSON.
  if (text.length * 6 + 2 <= bytes || jsonBytes(text) <= bytes) return text;
  const whole = markPattern.exec(text)?.[1] ?? String(Buffer.byteLength(text));
  const mark = ` […cut: ${whole} bytes in all]`;
  const room = bytes - Buffer.byteLength(mark) - 2;
  let [low, high] = [0, Math.min(text.length, room)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonBytes(text.slice(0, middle)) - 2 <= room) low = middle;
    else high = middle - 1;
  }
  // A pair of surrogates is one character: its half is none.
  return `${text.slice(0, low).replace(/[\uD800-\uDBFF]$/, "")}${mark}`;
}

/** How many of these, from the first, fit together into so many bytes of JSON; at least one. */
export function countThatFits(items: readonly Json[], bytes: number): number {
  let used = 2;
  for (const [index, item] of items.entries()) {
    used += jsonBytes(item) + 1;
    if (used > bytes) return Math.max(1, index);
  }
  return items.length;
}
