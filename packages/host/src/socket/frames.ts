import { parseJson, type Json } from "@agent-bridge/core";

/** The longest line that the daemon reads, in bytes without its line end. */
export const maxLineBytes = 1024 * 1024;

/** The longest line before the caller has shown the key. */
export const maxHelloBytes = 4096;

/** How deep a line may be nested. */
export const maxLineDepth = 64;

/**
 * Parses one line.
 *
 * @throws BridgeError INPUT_INVALID, INPUT_TOO_DEEP
 */
export function parseLine(line: Buffer): Json {
  return parseJson("The line", line, maxLineDepth);
}
