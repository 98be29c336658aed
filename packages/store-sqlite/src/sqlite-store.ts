import {
  BridgeError,
  type Clock,
  createWatchers,
  isBridgeError,
  newId,
  type Random,
  type Store,
  systemClock,
  systemRandom,
  type TableContext,
  tableStore,
} from "@agent-bridge/core";
import type { DatabaseSync } from "node:sqlite";
import { ballast } from "./ballast.ts";
import { copied } from "./copied.ts";
import { cutFreePages, emptyLog } from "./give-back.ts";
import { GroupCommit } from "./group-commit.ts";
import { openDatabase } from "./open-database.ts";
import { pageLimit } from "./page-limit.ts";
import { toStoreError } from "./sqlite-errors.ts";
import type { Space } from "./space.ts";
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
   * The most pages (of 4 KiB) that the file may have; up to a quarter is kept for what is under way.
   * Default: as many as the disk takes. Then a file of 4 MiB beside the database (`<path>-ballast`) holds
   * room that is given back when the disk is full, and new work is refused until it could be made again.
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
  const found = db.prepare("SELECT value FROM meta WHERE name = 'store_id'").get();
  if (found !== undefined) return String(found["value"]);
  const made = newId("sqlite", random).replace("_", "");
  db.prepare("INSERT INTO meta VALUES ('store_id', ?)").run(made);
  return made;
}

/** Opens the file; on a full disk with the room that its ballast gives back. */
function open(path: string): DatabaseSync {
  try {
    return openDatabase(path);
  } catch (error) {
    if (!isBridgeError(error, "STORE_FULL") || !ballast(`${path}-ballast`).giveBack("end"))
      throw error;
    return openDatabase(path);
  }
}

/**
 * The default store: one SQLite file, no server. One process owns the file; what a promise of the store
 * says is on the disk, synced, when it resolves. A file that can not be used is left as it is.
 *
 * @throws BridgeError STORE_CORRUPT when the file is none of ours or broken, STORE_SCHEMA_NEWER, STORE_FULL, STORE_FAILED
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { path, maxPages, random = systemRandom } = options;
  const db = open(path);
  try {
    const { clock, note } = storeTime(db, options.clock ?? systemClock());
    const space = maxPages === undefined ? ballast(`${path}-ballast`) : pageLimit(db, maxPages);
    space.hasRoom();
    return overDatabase({ db, path, clock, random, space, note });
  } catch (error) {
    db.close();
    throw toStoreError(error, path);
  }
}

function overDatabase(parts: {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly space: Space;
  readonly note: () => void;
}): SqliteStore {
  const { db, path, clock, random, space, note } = parts;
  const { tell, watch } = createWatchers();
  const { kept, tables } = sqliteTables(db, path);
  const commits = new GroupCommit({ db, path, space, kept, beforeCommit: note, tell });
  let isClosed = false;
  const context: TableContext = {
    storeId: storeIdOf(db, random),
    tables,
    clock,
    random,
    write: async (change, room = "end") => copied(await commits.add(change, room)),
    read: async (look) => {
      if (isClosed) throw new BridgeError("STORE_CLOSED", {});
      try {
        return await Promise.resolve(copied(look()));
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
  const giveBack = async (limitBytes: number): Promise<boolean> => {
    const isMore = await context.write(() => cutFreePages(db, limitBytes), "running");
    if (!isMore) await context.read(() => emptyLog(db));
    return isMore;
  };
  const store = tableStore({ context, durable: true, watch, close, giveBack });
  return Object.defineProperty(store, "commitCount", { get: () => commits.commits }) as SqliteStore;
}
