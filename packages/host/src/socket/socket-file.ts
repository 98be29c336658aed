import { chmodSync, lstatSync, renameSync, rmSync, type BigIntStats } from "node:fs";
import { connect, type Server } from "node:net";
import { BridgeError } from "@agent-bridge/core";
import type { HostPaths } from "../paths.ts";
import { ensureSocketFolder } from "./socket-folder.ts";

/** How long whoever listens at the socket's place may take to be heard, in milliseconds. */
const probeMs = 1_000;

/**
 * Lets a server listen at the socket's place, 0600. A file that serves nobody, such as the socket of a
 * killed daemon, is replaced in one step, so nobody ever finds a socket there that is not ready. Call with
 * the state lock held.
 *
 * @returns removes the file, unless it is another process's by then
 * @throws BridgeError STATE_LOCKED when a process listens there all the same, as a daemon does whose lock file
 *   was deleted; CONFIG_INVALID when a folder is there
 */
export async function placeSocket(server: Server, paths: HostPaths): Promise<() => void> {
  const path = paths.socket;
  ensureSocketFolder(paths);
  await refuseOthers(paths);
  // The server's end removes the name that it listened at first, and no longer one that may be another's.
  const first = path.replace(/sock$/, "new");
  rmSync(first, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(first, () => {
      server.off("error", reject);
      resolve();
    });
  });
  chmodSync(first, 0o600);
  renameSync(first, path);
  const own = fileAt(path);
  return () => {
    const found = fileAt(path);
    if (found?.ino === own?.ino && found?.dev === own?.dev) rmSync(path, { force: true });
  };
}

async function refuseOthers({ socket, stateFolder }: HostPaths): Promise<void> {
  const found = fileAt(socket);
  if (found === undefined) return;
  if (found.isDirectory()) {
    const detail = "it is a folder, where the daemon's socket belongs. Move it away.";
    throw new BridgeError("CONFIG_INVALID", { file: socket, detail });
  }
  if (!found.isSocket() || !(await isAnswering(socket))) return;
  const holder = `a process that listens on ${socket} without holding the lock, as a daemon does whose lock file was deleted`;
  throw new BridgeError("STATE_LOCKED", { folder: stateFolder, holder });
}

async function isAnswering(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => resolve(true)).on("error", () => resolve(false));
  // A queue that is full for so long has nobody who takes from it, but has not ended either.
  socket.setTimeout(probeMs, () => resolve(true));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

function fileAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}
