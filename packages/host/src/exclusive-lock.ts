import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BridgeError, describeError } from "@agent-bridge/core";
import * as z from "zod";
import { writePrivateFile } from "./private-files.ts";

const holderSchema = z.object({
  pid: z.int().positive(),
  /** When the process was started, ISO 8601. */
  startedAt: z.string(),
  version: z.string(),
  stateFolder: z.string(),
  /** What is held, for people. */
  what: z.string(),
});

/** Who holds a lock, as written beside it. */
export type LockHolder = z.infer<typeof holderSchema>;

/** A lock that is held until it is disposed or the process is gone, however it ends. */
export interface ExclusiveLock extends Disposable {
  readonly path: string;
}

/** How long to wait for one that is just going, in milliseconds. Blocks the event loop. */
const patienceMs = 200;

const busy = 5;
const notADatabase = 26;

/**
 * Takes the lock at `path`: an exclusive transaction, which the kernel ends with the process.
 *
 * @returns the lock, or who holds it (`undefined` where that can not be read)
 * @throws BridgeError STORE_CORRUPT when the file is something else; it is left as it is
 */
export function takeLock(
  path: string,
  holder: LockHolder,
): { readonly lock: ExclusiveLock } | { readonly heldBy: LockHolder | undefined } {
  const held = lockFile(path);
  if (held === undefined) return { heldBy: readHolder(path) };
  writePrivateFile(holderPath(path), `${JSON.stringify(holder)}\n`);
  return {
    lock: {
      path,
      [Symbol.dispose]: () => {
        rmSync(holderPath(path), { force: true });
        held.close();
      },
    },
  };
}

/** Whether a process holds the lock at `path`. Takes it for a moment where none does. */
export function isLocked(path: string): boolean {
  const taken = lockFile(path);
  taken?.close();
  return taken === undefined;
}

/** @returns undefined when it is held */
function lockFile(path: string): DatabaseSync | undefined {
  createFile(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: patienceMs });
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    return database;
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

/** What this process writes beside its locks. */
export function thisHolder(about: Omit<LockHolder, "pid" | "startedAt">): LockHolder {
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  return { pid: process.pid, startedAt, ...about };
}

/** Names a holder for a refusal. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "another process";
  const { pid, version, startedAt, stateFolder } = holder;
  return `process ${pid} (agent-bridge ${version}, started ${startedAt}, state folder ${stateFolder})`;
}

/** Who is written beside a lock; it may be gone already. */
export function readHolder(path: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(holderPath(path), "utf8")));
  } catch {
    // Not written yet, just removed, or not ours: then the holder has no name.
    return undefined;
  }
}

function holderPath(path: string): string {
  return path.replace(/\.db$/, ".json");
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
