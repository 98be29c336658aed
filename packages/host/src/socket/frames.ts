import { BridgeError, describeError, isBridgeError, type Json } from "@agent-bridge/core";

/** The version of the protocol on the socket. Both sides must speak the same one. */
export const protocolVersion = 1;

/** The longest line that the daemon reads, in bytes without its line end. */
export const maxLineBytes = 1024 * 1024;

/** The longest line before the caller has shown the key. */
export const maxHelloBytes = 4096;

/** How deep a line may be nested. */
export const maxLineDepth = 64;

/** An error as it crosses the socket. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly data: Json;
  readonly retryable: boolean;
}

/** What the daemon writes, one a line. `id` null: the line that it answers had none that could be read. */
export type DaemonFrame =
  | { readonly hello: DaemonHello }
  | { readonly id: string | number | null; readonly error: WireError }
  | { readonly id: string | number; readonly result: Json }
  | { readonly id: string | number; readonly event: Json }
  | { readonly id: string | number; readonly done: true };

/** Who answers on the socket. */
export interface DaemonHello {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
}

/** Anything thrown, as it crosses the socket. What is not of the error table is INTERNAL. */
export function toWireError(thrown: unknown): WireError {
  const error = isBridgeError(thrown)
    ? thrown
    : new BridgeError("INTERNAL", { detail: describeError(thrown) });
  const { code, message, data, retryable } = error;
  return { code, message, data, retryable };
}

/** The error that crossed the socket; a code that this version does not know is INTERNAL. */
export function fromWireError({ code, message, data }: WireError): BridgeError {
  try {
    const error = new BridgeError(code as "INTERNAL", data as { detail: string });
    if (isBridgeError(error)) return error;
  } catch {
    // The table has no such code: the other side is newer.
  }
  return new BridgeError("INTERNAL", { detail: `${code}: ${message}` });
}

/**
 * Parses one line: its depth is measured first, because what is parsed but nested too deeply can
 * later neither be stored nor copied.
 *
 * @throws BridgeError INPUT_INVALID, INPUT_TOO_DEEP
 */
export function parseLine(line: Buffer): Json {
  if (depthOf(line) > maxLineDepth) {
    throw new BridgeError("INPUT_TOO_DEEP", { what: "The line", limitDepth: maxLineDepth });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line)) as Json;
  } catch (error) {
    const detail = error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    throw new BridgeError("INPUT_INVALID", { what: "The line", detail }, { cause: error });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openers = new Set([0x5b, 0x7b]);
const closers = new Set([0x5d, 0x7d]);

/** The nesting of brackets outside of strings; all of them are ASCII, so bytes are enough. */
function depthOf(line: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0;
    if (isText) {
      if (byte === backslash) at++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (openers.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (closers.has(byte)) depth--;
  }
  return deepest;
}
