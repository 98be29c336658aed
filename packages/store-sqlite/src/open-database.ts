import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BridgeError } from "@agent-bridge/core";
import { applicationId, isNewFile } from "./file-header.ts";
import { migrations } from "./migrations.ts";
import { toStoreError } from "./sqlite-errors.ts";

/** Older versions may lose a reset of the WAL. https://sqlite.org/releaselog/3_51_3.html */
const oldestSqlite = [3, 51, 3] as const;

/** How long another process that writes to the file is waited for; the process stands still meanwhile. */
const busyMs = 250;

function checkVersion(db: DatabaseSync): void {
  const version = String(valueOf(db, "SELECT sqlite_version()"));
  const found = version.split(".").map(Number);
  const difference =
    oldestSqlite
      .map((wanted, place) => (found[place] ?? 0) - wanted)
      .find((value) => value !== 0) ?? 0;
  if (difference >= 0) return;
  const detail = `this Node brings SQLite ${version}; ${oldestSqlite.join(".")} or newer is needed. Use Node 24.16 or newer.`;
  throw new BridgeError("STORE_FAILED", { detail });
}

/** The only value that a statement gives. */
export function valueOf(db: DatabaseSync, sql: string): unknown {
  return Object.values(db.prepare(sql).get() ?? {})[0];
}

/** How many steps of the schema the file has taken. @throws BridgeError STORE_SCHEMA_NEWER */
export function stepsTaken(db: DatabaseSync, path: string): number {
  const found = Number(valueOf(db, "PRAGMA user_version"));
  if (found <= migrations.length) return found;
  throw new BridgeError("STORE_SCHEMA_NEWER", { path, found, known: migrations.length });
}

/**
 * Looks whether an existing file can be used. A connection that only reads leaves the file and its log as
 * they are, also when they turn out to be broken.
 */
function inspect(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    checkVersion(db);
    // The first look at a table makes SQLite compare the file with its header.
    valueOf(db, "SELECT count(*) FROM sqlite_schema");
    const found = Number(valueOf(db, "PRAGMA application_id"));
    if (found !== applicationId)
      throw new BridgeError("STORE_CORRUPT", {
        path,
        detail: "it is a database of another program",
      });
    stepsTaken(db, path);
  } finally {
    db.close();
  }
}

/** Marks a new file as ours. Still without a write-ahead log, so that the mark stands in the file itself. */
function mark(db: DatabaseSync): void {
  // Freed pages can be given back later only if this is set before the first table is made.
  db.exec(
    `PRAGMA synchronous = FULL; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${applicationId}`,
  );
}

function prepare(db: DatabaseSync, path: string): void {
  checkVersion(db);
  if (Number(valueOf(db, "PRAGMA application_id")) === 0) mark(db);
  const mode = valueOf(db, "PRAGMA journal_mode = WAL");
  if (mode !== "wal") {
    const detail = `${path} can not have a write-ahead log on this file system (its mode is ${String(mode)}).`;
    throw new BridgeError("STORE_FAILED", { detail });
  }
  // What is sorted stays out of temporary files; a log that has grown gives its room back.
  db.exec(
    "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216",
  );
  for (const [index, step] of migrations.entries()) {
    if (index < stepsTaken(db, path)) continue;
    db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

/**
 * Opens the database file, made with mode 0600 if it does not exist, and brings it to this version's schema.
 * A file that can not be used is left as it is, byte for byte.
 *
 * @throws BridgeError STORE_CORRUPT, STORE_SCHEMA_NEWER, STORE_FULL, STORE_FAILED
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    const isNew = isNewFile(path);
    // SQLite would make it 0644; its -wal and -shm files get the mode of the file.
    if (isNew) closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
    if (!isNew) inspect(path);
    db = new DatabaseSync(path, { timeout: busyMs });
    prepare(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw toStoreError(error, path);
  }
}
