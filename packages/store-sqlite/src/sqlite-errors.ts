import { BridgeError, describeError } from "@agent-bridge/core";

/** SQLite's result codes that are told apart. https://sqlite.org/rescode.html */
const codes = {
  busy: 5,
  corrupt: 11,
  full: 13,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADatabase: 26,
  /** The index of the write-ahead log could not grow: a full disk shows itself like this as well. */
  sharedMemorySize: 4874,
} as const;

/** The extended result code of an error of `node:sqlite`; undefined for any other error. */
function extendedCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode : undefined;
}

function hasCode(error: unknown, ...wanted: readonly number[]): boolean {
  const code = extendedCode(error);
  return code !== undefined && wanted.some((one) => one === code || one === (code & 0xff));
}

/** The code of an error of the operating system, like ENOSPC. */
function systemCode(error: unknown): string | undefined {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return typeof code === "string" && typeof syscall === "string" ? code : undefined;
}

/** True when there was no room for a change. */
export function isFull(error: unknown): boolean {
  const code = systemCode(error);
  return (
    hasCode(error, codes.full, codes.sharedMemorySize) || code === "ENOSPC" || code === "EDQUOT"
  );
}

/** True when another process writes to the file just now. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, codes.busy);
}

/** True when only the change itself can not be stored: the transaction around it is whole. */
export function isOfOneChange(error: unknown): boolean {
  return hasCode(error, codes.constraint, codes.tooBig, codes.mismatch, codes.range);
}

/** What a caller of the store is told of an error of SQLite or the disk; other errors are passed on as they are. */
export function toStoreError(error: unknown, path: string): unknown {
  if (extendedCode(error) === undefined && systemCode(error) === undefined) return error;
  const detail = describeError(error);
  if (isFull(error)) return new BridgeError("STORE_FULL", { detail }, { cause: error });
  if (hasCode(error, codes.corrupt, codes.notADatabase))
    return new BridgeError("STORE_CORRUPT", { path, detail }, { cause: error });
  return new BridgeError("STORE_FAILED", { detail }, { cause: error });
}
