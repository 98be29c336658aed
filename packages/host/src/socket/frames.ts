import {
  BridgeError,
  describeError,
  isBridgeError,
  parseJson,
  type Json,
} from "@agent-bridge/core";

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
 * Parses one line.
 *
 * @throws BridgeError INPUT_INVALID, INPUT_TOO_DEEP
 */
export function parseLine(line: Buffer): Json {
  return parseJson("The line", line, maxLineDepth);
}
