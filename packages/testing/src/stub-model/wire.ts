/** A JSON object whose members are not known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; an empty one when it is none. */
export function recordOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** The objects of a list; none when it is no list. */
export function itemsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

/** The text of a message's content: a string, or parts with a `text` each. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return itemsOf(content)
    .map((part) => (typeof part["text"] === "string" ? part["text"] : ""))
    .join("\n");
}
