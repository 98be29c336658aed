import type { DatabaseSync } from "node:sqlite";

const numberOf = (db: DatabaseSync, pragma: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);

/**
 * Cuts about so many bytes of free pages off the file, in the transaction that runs. A file that was made
 * without `auto_vacuum` keeps them for new contents.
 *
 * @returns true while there are more
 */
export function cutFreePages(db: DatabaseSync, limitBytes: number): boolean {
  const before = numberOf(db, "freelist_count");
  if (before === 0) return false;
  const pages = Math.max(1, Math.floor(limitBytes / numberOf(db, "page_size")));
  db.exec(`PRAGMA incremental_vacuum(${pages})`);
  const after = numberOf(db, "freelist_count");
  return after > 0 && after < before;
}

/** Takes what was committed over into the file, which is as long as its pages then, and empties the log beside it. */
export function emptyLog(db: DatabaseSync): void {
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
