import { BridgeError, describeError, isBridgeError } from "@agent-bridge/core";

/** The class of an error of PostgreSQL (SQLSTATE); undefined for any other. https://www.postgresql.org/docs/15/errcodes-appendix.html */
function stateOf(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : undefined;
}

/** 53100: the disk is full. */
const full = new Set(["53100"]);
/** What only one change can be the cause of: the data that it brings. 22: data, 23: constraints, 54: limits. */
const ofOneChange = new Set(["22", "23", "54"]);
/** Serialization failure and deadlock: the same again may succeed at once. */
const transient = new Set(["40001", "40P01"]);

/** True when only the change itself can not be stored. */
export function isOfOneChange(error: unknown): boolean {
  return ofOneChange.has(stateOf(error)?.slice(0, 2) ?? "");
}

/** True when the same transaction may succeed when it is tried again at once. */
export function isTransient(error: unknown): boolean {
  return transient.has(stateOf(error) ?? "");
}

/** True when the server said that it did not do it; false when it may have, and only the connection ended. */
export function isRefusal(error: unknown): boolean {
  return stateOf(error) !== undefined && (error as { severity?: unknown }).severity === "ERROR";
}

const bugs = [TypeError, RangeError, ReferenceError];

/** What a caller of the store is told of an error of PostgreSQL or of the connection to it. */
export function toStoreError(error: unknown): unknown {
  // A bug is not the server's failure.
  if (isBridgeError(error) || bugs.some((bug) => error instanceof bug)) return error;
  const detail = describeError(error);
  if (full.has(stateOf(error) ?? ""))
    return new BridgeError("STORE_FULL", { detail }, { cause: error });
  return new BridgeError("STORE_FAILED", { detail }, { cause: error });
}
