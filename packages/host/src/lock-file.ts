import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BridgeError, describeError } from "@agent-bridge/core/errors";

const busy = 5;
const notADatabase = 26;

/** Whether a process holds the lock at `path`. Takes it for a moment where none does. */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const held = lockFile(path, 0);
  held?.database.close();
  return held === undefined;
}

/** The same for who only looks: nothing is taken or written beside it. */
export function looksLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === busy) return true;
    // What a reader can not tell, such as what a killed holder left half written, the lock itself tells.
    return isLocked(path);
  } finally {
    database?.close();
  }
}

/**
 * Begins an exclusive transaction on the file at `path`, which is made when there is none.
 *
 * @param timeout how long to wait for one that is just going, in milliseconds; blocks the event loop
 * @returns undefined when it is held, or was replaced while it was taken
 * @throws BridgeError STORE_CORRUPT when the file is something else; it is left as it is
 */
export function lockFile(
  path: string,
  timeout: number,
): { readonly database: DatabaseSync; readonly file: FileId } | undefined {
  createFile(path);
  const before = fileAt(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout });
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    if (before !== undefined && isSameFile(before, fileAt(path))) return { database, file: before };
    database.close();
    return undefined;
  } catch (error) {
    database?.close();
    const { errcode } = error as { errcode?: number };
    if (errcode === busy) return undefined;
    if (errcode !== notADatabase) throw error;
    throw new BridgeError(
      "STORE_CORRUPT",
      { path, detail: describeError(error) },
      { cause: error },
    );
  }
}

/** What tells a file from another one of the same name. */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Looks without opening: closing what was opened would drop this process's own lock on it. */
export function fileAt(path: string): FileId | undefined {
  return statSync(path, { throwIfNoEntry: false, bigint: true });
}

export function isSameFile(one: FileId, other: FileId | undefined): boolean {
  return other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/**
 * Creates the file 0600 before SQLite would make it 0644. One that exists is never opened here:
 * closing it would drop this process's own lock on it.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
