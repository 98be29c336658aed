import { BridgeError, describeError } from "@agent-bridge/core";

/** SQLite's result codes that are told apart. https://sqlite.org/rescode.html */
const codes = { full: 13, corrupt: 11, notADatabase: 26 } as const;

/** The result code of an error of `node:sqlite`, without its extension; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

/** True when there was no room for a change. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === codes.full;
}

/** True when the file is no database, or a broken one. */
export function isBroken(error: unknown): boolean {
  const code = resultCode(error);
  return code === codes.corrupt || code === codes.notADatabase;
}

/** What a caller of the store is told of an error of SQLite; other errors are passed on as they are. */
export function toStoreError(error: unknown, path: string): unknown {
  const detail = describeError(error);
  if (resultCode(error) === undefined) return error;
  if (isFull(error)) return new BridgeError("STORE_FULL", { detail }, { cause: error });
  if (isBroken(error)) return new BridgeError("STORE_CORRUPT", { path, detail }, { cause: error });
  return new BridgeError("STORE_FAILED", { detail }, { cause: error });
}
