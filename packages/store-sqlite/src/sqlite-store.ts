import type { DatabaseSync } from "node:sqlite";
import {
  BridgeError,
  type Clock,
  createWatchers,
  newId,
  type Random,
  type Store,
  systemClock,
  systemRandom,
  type TableContext,
  tableStore,
} from "@agent-bridge/core";
import { GroupCommit } from "./group-commit.ts";
import { openDatabase } from "./open-database.ts";
import { pageLimit } from "./page-limit.ts";
import { toStoreError } from "./sqlite-errors.ts";
import { storeTime } from "./store-time.ts";
import { sqliteTables } from "./tables/sqlite-tables.ts";

/** Where the file is, and what the store is given. */
export interface SqliteStoreOptions {
  /** The database file; made with mode 0600 when it does not exist. Its folder must exist. */
  readonly path: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /**
   * The most pages (of 4 KiB) that the file may have. A part is kept for what is under way: new work
   * is refused before the end of a task is. Default: as many as the disk takes.
   */
  readonly maxPages?: number;
}

/** What this store tells beyond the contract: for measurements. */
export interface SqliteStore extends Store {
  /** How many transactions were committed since it was opened. */
  readonly commitCount: number;
}

/** The id of the store in this file, made once. */
function storeIdOf(db: DatabaseSync, random: Random): string {
  const made = newId("sqlite", random).replace("_", "");
  db.prepare("INSERT INTO meta VALUES ('store_id', ?) ON CONFLICT DO NOTHING").run(made);
  const stored = db.prepare("SELECT value FROM meta WHERE name = 'store_id'").get();
  return String(stored?.["value"]);
}

/**
 * The default store: one SQLite file, no server. One process owns the file; what a promise of the store
 * says is on the disk, synced, when it resolves. Changes of one turn of the event loop share a commit.
 *
 * @throws BridgeError STORE_CORRUPT when the file is none of ours or broken, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { path, random = systemRandom, maxPages } = options;
  const db = openDatabase(path);
  const watchers = createWatchers();
  const { clock, note } = storeTime(db, options.clock ?? systemClock());
  const commits = new GroupCommit({
    db,
    path,
    makeRoom: pageLimit(db, maxPages),
    beforeCommit: note,
    tell: watchers.tell,
  });
  let isClosed = false;
  const context: TableContext = {
    storeId: storeIdOf(db, random),
    tables: sqliteTables(db),
    clock,
    random,
    write: async (change, room = "end") => await commits.add(change, room),
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
  const store = tableStore({ context, durable: true, watch: watchers.watch, close });
  return Object.defineProperty(store, "commitCount", {
    get: () => commits.commits,
  }) as SqliteStore;
}
