import { BridgeError, describeError, isBridgeError } from "@agent-bridge/core";

/** SQLite's result codes that are told apart. https://sqlite.org/rescode.html */
const codes = { busy: 5, locked: 6, io: 10, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** The result code of an error of `node:sqlite`, without its extension; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/**
 * True when a transaction that failed so has left the file as it was: there was no room, or somebody else
 * was writing. The next one may succeed.
 */
export function isHarmless(error: unknown): boolean {
  const code = resultCode(error);
  return code === codes.full || code === codes.busy || code === codes.locked;
}

/** True when the file can not be trusted any more. */
export function isFatal(error: unknown): boolean {
  const code = resultCode(error);
  return code === codes.io || code === codes.corrupt || code === codes.notADatabase;
}

/** What a caller of the store is told of an error of SQLite; other errors are passed on as they are. */
export function toStoreError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (code === undefined || isBridgeError(error)) return error;
  const detail = describeError(error);
  if (code === codes.full) return new BridgeError("STORE_FULL", { detail }, { cause: error });
  if (code === codes.corrupt || code === codes.notADatabase)
    return new BridgeError("STORE_CORRUPT", { path, detail }, { cause: error });
  return new BridgeError("STORE_FAILED", { detail }, { cause: error });
}
