import { createHash } from "node:crypto";
import { BridgeError } from "./contract/errors.ts";
import type { Json, JsonObject } from "./contract/json.ts";

/**
 * Writes plain data as JSON text without recursion: `JSON.parse` accepts depths that `JSON.stringify`
 * can not write back.
 */
function* pieces(root: Json): Generator<string> {
  type Frame = {
    readonly close: string;
    readonly items: Iterator<readonly [string, Json]>;
    first: boolean;
  };
  const stack: Frame[] = [];
  const open = (value: Json): string => {
    if (Array.isArray(value)) {
      const items = (value as readonly Json[]).map((item) => ["", item] as const);
      stack.push({ close: "]", items: items.values(), first: true });
      return "[";
    }
    if (typeof value === "object" && value !== null) {
      const items = Object.entries(value).map(
        ([key, item]) => [`${JSON.stringify(key)}:`, item] as const,
      );
      stack.push({ close: "}", items: items.values(), first: true });
      return "{";
    }
    return JSON.stringify(value) ?? "null";
  };
  yield open(root);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { done, value } = frame.items.next();
    if (done === true) {
      stack.pop();
      yield frame.close;
      continue;
    }
    const comma = frame.first ? "" : ",";
    frame.first = false;
    yield comma + value[0] + open(value[1]);
  }
}

/** The JSON text of any plain data, its first `keepBytes` bytes kept, with the size and SHA-256 of the whole. */
export function boundedJson(
  value: Json,
  keepBytes: number,
): { readonly text: string; readonly bytes: number; readonly sha256: string } {
  const hash = createHash("sha256");
  let bytes = 0;
  let text = "";
  for (const piece of pieces(value)) {
    if (bytes < keepBytes) text += piece;
    bytes += Buffer.byteLength(piece);
    hash.update(piece);
  }
  return { text: cutBytes(text, keepBytes), bytes, sha256: hash.digest("hex") };
}

/** The longest beginning of a text that has at most so many bytes of UTF-8 and ends between characters. */
export function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const buffer = Buffer.from(text, "utf8");
  if (buffer.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((buffer[end] as number) & 0xc0) === 0x80) end--;
  return buffer.toString("utf8", 0, end);
}

/** True when lists and objects are nested deeper; without recursion. */
export function isDeeperThan(value: Json, depth: number): boolean {
  let level: readonly Json[] = [value];
  for (let reached = 0; level.length > 0; reached++) {
    if (reached > depth) return true;
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null ? Object.values<Json>(item) : [],
    );
  }
  return false;
}

/**
 * Refuses what is too large or too deep to be stored.
 *
 * @throws BridgeError INPUT_TOO_DEEP, INPUT_TOO_LARGE
 */
export function checkPlainData(
  what: string,
  value: Json,
  limits: { bytes: number; depth: number },
): void {
  if (isDeeperThan(value, limits.depth))
    throw new BridgeError("INPUT_TOO_DEEP", { what, limitDepth: limits.depth });
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > limits.bytes)
    throw new BridgeError("INPUT_TOO_LARGE", { what, bytes, limitBytes: limits.bytes });
}

/** JSON text that is equal for equal values, whatever the order of their keys. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`;
  const fields = Object.entries<Json>(value as JsonObject)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${fields.join(",")}}`;
}

/** The SHA-256 (hex) of plain data, the same for every order of an object's keys. */
export function hashOf(value: Json): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
