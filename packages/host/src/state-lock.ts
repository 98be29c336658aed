import { BridgeError } from "@agent-bridge/core";
import {
  describeHolder,
  takeLockOrName,
  thisHolder,
  type ExclusiveLock,
} from "./exclusive-lock.ts";
import { isLocked } from "./lock-file.ts";
import type { HostPaths } from "./paths.ts";

/**
 * Makes this process the only one on a state folder.
 *
 * @throws BridgeError STATE_LOCKED naming the holder
 */
export async function lockState(paths: HostPaths, version: string): Promise<ExclusiveLock> {
  const { stateLock, stateFolder } = paths;
  const holder = thisHolder({ version, stateFolder, what: "the state folder" });
  const taken = await takeLockOrName(stateLock, holder);
  if ("lock" in taken) return taken.lock;
  throw new BridgeError("STATE_LOCKED", {
    folder: stateFolder,
    holder: describeHolder(taken.heldBy),
  });
}

/** Whether a daemon holds the state folder. */
export function isStateLocked(paths: HostPaths): boolean {
  return isLocked(paths.stateLock);
}
