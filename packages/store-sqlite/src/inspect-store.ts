import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { isNewFile } from "./file-header.ts";
import { migrations } from "./migrations.ts";
import { stepsTaken, valueOf } from "./open-database.ts";
import { toStoreError } from "./sqlite-errors.ts";

/** What a look at a database file tells. */
export interface StoreInspection {
  /** The steps of the schema that the file has taken, and those that this version knows. */
  readonly schema: number;
  readonly knownSchema: number;
  readonly bytes: number;
  /** When the newest event was appended, by the wall clock; null when there is none. */
  readonly lastEventAt: number | null;
}

/** How long another process that writes to the file is waited for. */
const busyMs = 250;

/**
 * Looks at a database file, also while a daemon writes to it. Nothing is changed or made.
 *
 * @returns null when there is none
 * @throws BridgeError STORE_CORRUPT, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export function inspectStore(path: string): StoreInspection | null {
  if (!existsSync(path)) return null;
  let db: DatabaseSync | undefined;
  try {
    if (isNewFile(path)) return null;
    const url = pathToFileURL(path);
    // Without a log beside it nobody writes, and a reader would make one.
    if (!existsSync(`${path}-wal`)) url.searchParams.set("immutable", "1");
    db = new DatabaseSync(url, { readOnly: true, timeout: busyMs });
    const schema = stepsTaken(db, path);
    const last =
      schema === 0 ? null : valueOf(db, "SELECT at FROM event ORDER BY position DESC LIMIT 1");
    return {
      schema,
      knownSchema: migrations.length,
      bytes: statSync(path).size,
      lastEventAt: typeof last === "number" ? last : null,
    };
  } catch (error) {
    throw toStoreError(error, path);
  } finally {
    db?.close();
  }
}
