import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { BridgeError } from "@agent-bridge/core";

/** Stands in the header of our files: "agBr". https://sqlite.org/fileformat2.html#application_id */
export const applicationId = 0x61674272;

const magic = "SQLite format 3\0";
const headerBytes = 100;

const journalMagic = "d9d505f920a163d7";

/** The first bytes of a file, read without SQLite, which might change a file that it opens. */
function readStart(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(headerBytes);
    return start.subarray(0, readSync(file, start, 0, headerBytes, 0));
  } finally {
    closeSync(file);
  }
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** True when the change that made the file was cut off: SQLite will make it empty again. */
function isMakingCutOff(path: string): boolean {
  if (!existsSync(`${path}-journal`)) return false;
  const journal = readStart(`${path}-journal`);
  const pagesBefore = journal.length < 20 ? undefined : journal.readUInt32BE(16);
  return journal.toString("hex", 0, 8) === journalMagic && pagesBefore === 0;
}

/**
 * Looks at a database file before it is opened. A file that does not exist, or is empty, is new, unless the
 * log of an older one stands beside it.
 *
 * @returns true when it is new
 * @throws BridgeError STORE_CORRUPT when the file is no database, not one of ours, or its beginning is missing
 */
export function isNewFile(path: string): boolean {
  const corrupt = (detail: string): BridgeError =>
    new BridgeError("STORE_CORRUPT", { path, detail });
  const isLogLeft = hasContent(`${path}-wal`);
  if (!hasContent(path)) {
    if (isLogLeft) throw corrupt("it is empty, but the log beside it is not");
    return true;
  }
  if (!isLogLeft && isMakingCutOff(path)) return true;
  const header = readStart(path);
  if (header.length < headerBytes || header.toString("latin1", 0, 16) !== magic) {
    throw corrupt("it is not a SQLite database");
  }
  if (header.readUInt32BE(68) !== applicationId)
    throw corrupt("it is a database of another program");
  return false;
}
