import { randomFillSync } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Space } from "./space.ts";
import { isFull } from "./sqlite-errors.ts";

const mebibyte = 1024 * 1024;
const wholeBytes = 4 * mebibyte;
/** What is kept back of the ballast while work under way goes on, so that its ends find room as well. */
const endBytes = mebibyte;
/** What has to be free beside the ballast before new work is taken. */
const spareBytes = mebibyte;

/** The size of a file; 0 when it does not exist. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function write(path: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    // Noise, because some file systems store nothing for what is empty or repeats.
    const noise = randomFillSync(Buffer.allocUnsafe(mebibyte));
    for (let written = 0; written < wholeBytes;) written += writeSync(file, noise);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Space on a disk without a limit of our own. A file of 4 MiB holds room, which is given back when the disk
 * is full. New work is taken only while that file is whole, or can be made so again.
 */
export function ballast(path: string): Space {
  let bytes = sizeOf(path);
  return {
    enter: () => undefined,
    hasRoom: () => {
      if (bytes >= wholeBytes) return true;
      const { bavail, bsize } = statfsSync(dirname(path));
      if (bavail * bsize + bytes < wholeBytes + spareBytes) return false;
      try {
        write(path);
        bytes = wholeBytes;
        return true;
      } catch (error) {
        rmSync(path, { force: true });
        bytes = 0;
        if (isFull(error)) return false;
        throw error;
      }
    },
    giveBack: (room) => {
      if (room === "new") return false;
      const left = room === "running" ? endBytes : 0;
      if (bytes <= left) return false;
      if (left === 0) rmSync(path, { force: true });
      else truncateSync(path, left);
      bytes = left;
      return true;
    },
  };
}
