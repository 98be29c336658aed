import { existsSync } from "node:fs";
import { BridgeError } from "@agent-bridge/core";
import { describeHolder, takeLock, thisHolder, type ExclusiveLock } from "./exclusive-lock.ts";
import type { HostPaths } from "./paths.ts";

/**
 * Makes this process the only one on a state folder.
 *
 * @throws BridgeError STATE_LOCKED naming the holder
 */
export function lockState(paths: HostPaths, version: string): ExclusiveLock {
  const { stateLock, stateFolder } = paths;
  const taken = takeLock(stateLock, thisHolder({ version, stateFolder, what: "the state folder" }));
  if ("lock" in taken) return taken.lock;
  throw new BridgeError("STATE_LOCKED", {
    folder: stateFolder,
    holder: describeHolder(taken.heldBy),
  });
}

/** Whether a daemon holds the state folder. Takes the lock for a moment where none does. */
export function isStateLocked(paths: HostPaths): boolean {
  if (!existsSync(paths.stateLock)) return false;
  const { stateLock, stateFolder } = paths;
  const taken = takeLock(stateLock, thisHolder({ version: "", stateFolder, what: "a look" }));
  if ("heldBy" in taken) return true;
  taken.lock[Symbol.dispose]();
  return false;
}
