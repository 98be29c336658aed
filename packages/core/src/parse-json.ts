import { BridgeError } from "./contract/errors.ts";
import type { Json } from "./contract/json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses bytes from outside. Their depth is measured first, because what is parsed but nested too deeply can
 * later neither be stored nor copied; how many bytes there may be is for the caller to bound.
 *
 * @throws BridgeError INPUT_INVALID, INPUT_TOO_DEEP
 */
export function parseJson(what: string, bytes: Uint8Array, limitDepth: number): Json {
  if (depthOf(bytes) > limitDepth) throw new BridgeError("INPUT_TOO_DEEP", { what, limitDepth });
  try {
    return JSON.parse(utf8.decode(bytes)) as Json;
  } catch (error) {
    const detail = error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    throw new BridgeError("INPUT_INVALID", { what, detail }, { cause: error });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openers = new Set([0x5b, 0x7b]);
const closers = new Set([0x5d, 0x7d]);

/** The nesting of brackets outside of strings; all of them are ASCII, so bytes are enough. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (isText) {
      if (byte === backslash) at++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (openers.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (closers.has(byte)) depth--;
  }
  return deepest;
}
