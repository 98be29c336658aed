import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { SpaceTable } from "@agent-bridge/core";
import { prepareAll, type Raw } from "./statements.ts";

const spaceSql = {
  pages: "PRAGMA page_count",
  free: "PRAGMA freelist_count",
  pageSize: "PRAGMA page_size",
} as const;

const numberIn = (raw: Raw | undefined): number => Number(Object.values(raw ?? {})[0] ?? 0);

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The pages of the file: a removal frees them at once, also inside of a transaction that is not committed yet. */
export function sqliteSpace(db: DatabaseSync, path: string): SpaceTable {
  const sql = prepareAll(db, spaceSql);
  const pageBytes = numberIn(sql.pageSize.get());
  return {
    usedBytes: () => (numberIn(sql.pages.get()) - numberIn(sql.free.get())) * pageBytes,
    totalBytes: () => sizeOf(path) + sizeOf(`${path}-wal`),
  };
}
