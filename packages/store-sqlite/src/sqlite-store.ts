import {
  BridgeError,
  type Clock,
  createWatchers,
  newId,
  type Random,
  type Store,
  type TableContext,
  tableStore,
} from "@agent-bridge/core";
import type { DatabaseSync } from "node:sqlite";
import { GroupCommit } from "./group-commit.ts";
import { openDatabase } from "./open-database.ts";
import { sqliteTables } from "./tables/sqlite-tables.ts";
import { toStoreError } from "./sqlite-errors.ts";

/** Where the file is, and what the store is given. */
export interface SqliteStoreOptions {
  /** The database file; made with mode 0600 when it does not exist. Its folder must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  /** The most pages (of 4 KiB) that the file may have. Default: as many as the disk takes. */
  readonly maxPages?: number;
}

/** The id of the store in this file, made once. */
function storeIdOf(db: DatabaseSync, random: Random): string {
  const made = newId("sqlite", random).replace("_", "");
  db.prepare("INSERT INTO meta VALUES ('store_id', ?) ON CONFLICT DO NOTHING").run(made);
  const { value } = db.prepare("SELECT value FROM meta WHERE name = 'store_id'").get() as {
    value: string;
  };
  return value;
}

/**
 * The default store: one SQLite file, no server. One process owns the file; what a promise of the store
 * says is on the disk, synced, when it resolves.
 *
 * @throws BridgeError STORE_CORRUPT when the file is none of ours or broken, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const { path, clock, random, maxPages } = options;
  const db = openDatabase(path);
  const watchers = createWatchers();
  const limit = maxPages === undefined ? null : { maxPages };
  const commits = new GroupCommit({ db, path, limit, tell: watchers.tell });
  let isClosed = false;
  const context: TableContext = {
    storeId: storeIdOf(db, random),
    tables: sqliteTables(db),
    clock,
    random,
    write: async (change, of) => await commits.add(change, of?.isNewWork === true),
    read: async (look) => {
      if (isClosed) throw new BridgeError("STORE_CLOSED", {});
      try {
        return await Promise.resolve(look());
      } catch (error) {
        throw toStoreError(error, path);
      }
    },
  };
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    commits.close();
    db.close();
    await Promise.resolve();
  };
  return tableStore({ context, durable: true, watch: watchers.watch, close });
}
