import { createHash } from "node:crypto";
import { join } from "node:path";
import { BridgeError, type Channel } from "@agent-bridge/core";
import {
  describeHolder,
  takeLockOrName,
  thisHolder,
  type ExclusiveLock,
} from "./exclusive-lock.ts";
import type { HostPaths } from "./paths.ts";
import { ensurePrivateFolder } from "./private-files.ts";

/** A lock for each inbox. */
export interface InboxLocks extends Disposable {
  readonly held: readonly ExclusiveLock[];
}

/**
 * Makes this process the user's only poller of each channel's inbox. Channels without an `inboxId`
 * have none to share.
 *
 * @throws BridgeError INBOX_LOCKED naming the holder, who may be another channel of the same; then none is held
 */
export async function lockInboxes(
  channels: readonly Channel[],
  about: { readonly paths: HostPaths; readonly version: string },
): Promise<InboxLocks> {
  using locks = new DisposableStack();
  const pollers = pollersOf(channels);
  if (pollers.size > 0) ensurePrivateFolder(about.paths.inboxLockFolder);
  const held: ExclusiveLock[] = [];
  for (const inboxId of pollers.keys()) held.push(locks.use(await lockInbox(inboxId, about)));
  const moved = locks.move();
  return { held, [Symbol.dispose]: () => moved.dispose() };
}

/** Where the lock of an inbox is. */
export function inboxLockPath(
  { inboxLockFolder }: Pick<HostPaths, "inboxLockFolder">,
  inboxId: string,
): string {
  const name = createHash("sha256").update(inboxId).digest("hex").slice(0, 32);
  return join(inboxLockFolder, `${name}.db`);
}

/** The channel of each inbox. @throws BridgeError INBOX_LOCKED when two channels have one inbox */
function pollersOf(channels: readonly Channel[]): ReadonlyMap<string, string> {
  const pollers = new Map<string, string>();
  for (const { inboxId, name } of channels) {
    if (inboxId === undefined) continue;
    const other = pollers.get(inboxId);
    if (other !== undefined) {
      const holder = `the channel "${other}" of this configuration, which also has the channel "${name}"`;
      throw new BridgeError("INBOX_LOCKED", { inbox: inboxId, holder });
    }
    pollers.set(inboxId, name);
  }
  return pollers;
}

async function lockInbox(
  inboxId: string,
  { paths, version }: { readonly paths: HostPaths; readonly version: string },
): Promise<ExclusiveLock> {
  const taken = await takeLockOrName(
    inboxLockPath(paths, inboxId),
    thisHolder({ version, stateFolder: paths.stateFolder, what: `the inbox ${inboxId}` }),
  );
  if ("lock" in taken) return taken.lock;
  throw new BridgeError("INBOX_LOCKED", { inbox: inboxId, holder: describeHolder(taken.heldBy) });
}
