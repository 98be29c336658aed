import type { Json } from "@agent-bridge/core";
import { BridgeError, describeError, isBridgeError } from "@agent-bridge/core/errors";

/** The version of the protocol on the socket. Both sides must speak the same one. */
export const protocolVersion = 1;

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

/** The first line of a caller. */
export interface HelloFrame {
  readonly hello: {
    readonly protocol: number;
    /** Of the state folder: who has it is the operator, or this machine's own user over MCP. */
    readonly key?: string;
    /** Of a run, in the key's place. */
    readonly token?: string;
    /** The mark of the run that the caller is part of, if it is. */
    readonly run?: string;
    /** What is spoken after the greeting: requests of the daemon's own, or MCP, a message a line. */
    readonly speaks?: "mcp";
  };
}

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
