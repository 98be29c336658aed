import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BridgeError } from "@agent-bridge/core";
import { migrations } from "./migrations.ts";
import { toStoreError } from "./sqlite-errors.ts";

/** Older versions may lose a reset of the WAL. https://sqlite.org/releaselog/3_51_3.html */
const oldestSqlite = [3, 51, 3] as const;

function checkVersion(db: DatabaseSync): void {
  const { version } = db.prepare("SELECT sqlite_version() AS version").get() as { version: string };
  const found = version.split(".").map(Number);
  const difference =
    oldestSqlite
      .map((wanted, place) => (found[place] ?? 0) - wanted)
      .find((value) => value !== 0) ?? 0;
  if (difference >= 0) return;
  const detail = `this Node brings SQLite ${version}; ${oldestSqlite.join(".")} or newer is needed. Use Node 24.16 or newer.`;
  throw new BridgeError("STORE_FAILED", { detail });
}

/** Takes the steps that the file has not taken yet, each in a transaction of its own. */
function migrate(db: DatabaseSync, path: string): void {
  const { user_version: found } = db.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (found > migrations.length) {
    throw new BridgeError("STORE_SCHEMA_NEWER", { path, found, known: migrations.length });
  }
  for (const [index, step] of migrations.entries()) {
    if (index < found) continue;
    db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

/** A file with tables of somebody else is not taken over. */
function checkOurs(db: DatabaseSync, path: string): void {
  const { count } = db.prepare("SELECT count(*) AS count FROM sqlite_schema").get() as {
    count: number;
  };
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (count === 0 || version > 0) return;
  throw new BridgeError("STORE_CORRUPT", { path, detail: "it is a database of another program" });
}

/**
 * Opens the database file, made with mode 0600 if it does not exist, and brings it to this version's schema.
 * Whatever is in an existing file is left as it is when it can not be used.
 *
 * @throws BridgeError STORE_CORRUPT, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export function openDatabase(path: string): DatabaseSync {
  // SQLite would make it 0644; its -wal and -shm files get the mode of the file.
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, "a", 0o600));
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    checkVersion(db);
    checkOurs(db, path);
    // Freed pages can be given back later only if this is set before the first table is made.
    db.exec(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
    );
    migrate(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw toStoreError(error, path);
  }
}
