import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { isRunning } from "./is-running.ts";
import { fileAt, isSameFile, lockFile } from "./lock-file.ts";
import { writePrivateFile } from "./private-files.ts";

const holderSchema = z.object({
  pid: z.int().positive(),
  /** When the process was started, ISO 8601. */
  startedAt: z.string(),
  version: z.string(),
  stateFolder: z.string(),
  /** What is held, for people. */
  what: z.string(),
});

/** Who holds a lock, as written beside it. */
export type LockHolder = z.infer<typeof holderSchema>;

/** A lock that is held until it is disposed or the process is gone, however it ends. */
export interface ExclusiveLock extends Disposable {
  readonly path: string;
  /** False when the file was removed or replaced: then another process can hold a lock of this name, too. */
  isHeld(): boolean;
}

/** How long to wait for one that is just going, in milliseconds. Blocks the event loop. */
const patienceMs = 200;

/** How long a holder that has just taken the lock may take to write who it is, and how often to look. */
const namingMs = 2_000;
const lookEveryMs = 20;

/** A lock, or who holds it: `undefined` where that can not be read. */
export type TakenLock =
  | { readonly lock: ExclusiveLock }
  | { readonly heldBy: LockHolder | undefined };

/**
 * Takes the lock at `path`: an exclusive transaction, which the kernel ends with the process.
 *
 * @throws BridgeError STORE_CORRUPT when the file is something else; it is left as it is
 */
export function takeLock(path: string, holder: LockHolder): TakenLock {
  const held = lockFile(path, patienceMs);
  if (held === undefined) return { heldBy: readHolder(path) };
  const { database, file } = held;
  const isHeld = (): boolean => isSameFile(file, fileAt(path));
  try {
    writePrivateFile(holderPath(path), `${JSON.stringify(holder)}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    lock: {
      path,
      isHeld,
      [Symbol.dispose]: () => {
        // What stands beside a replaced file is its new holder's.
        if (isHeld()) rmSync(holderPath(path), { force: true });
        database.close();
      },
    },
  };
}

/**
 * Takes the lock at `path`, or tells who holds it: also one that took it in this very moment, and
 * has not written yet who it is. The name that an earlier holder left there is not taken for it.
 *
 * @throws BridgeError STORE_CORRUPT as `takeLock`
 */
export async function takeLockOrName(path: string, holder: LockHolder): Promise<TakenLock> {
  const deadline = performance.now() + namingMs;
  for (;;) {
    const taken = takeLock(path, holder);
    if ("lock" in taken || performance.now() > deadline) return taken;
    if (taken.heldBy !== undefined && isRunning(taken.heldBy.pid)) return taken;
    await sleep(lookEveryMs);
  }
}

/** What this process writes beside its locks. */
export function thisHolder(about: Omit<LockHolder, "pid" | "startedAt">): LockHolder {
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  return { pid: process.pid, startedAt, ...about };
}

/** Names a holder for a refusal. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "another process";
  const { pid, version, startedAt, stateFolder } = holder;
  return `process ${pid} (agent-bridge ${version}, started ${startedAt}, state folder ${stateFolder})`;
}

/** Who is written beside a lock; it may be gone already. */
export function readHolder(path: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(holderPath(path), "utf8")));
  } catch {
    // Not written yet, just removed, or not ours: then the holder has no name.
    return undefined;
  }
}

function holderPath(path: string): string {
  return path.replace(/\.db$/, ".json");
}
