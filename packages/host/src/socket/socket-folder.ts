import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { BridgeError } from "@agent-bridge/core/errors";
import type { HostPaths } from "../paths.ts";
import { ensurePrivateFolder } from "../private-files.ts";

/**
 * Makes sure that the socket's folder is the user's own. In `/tmp` anyone could have made it first, to
 * be shown the key by a caller; a link is refused there for the same reason.
 *
 * @throws BridgeError CONFIG_INVALID
 */
export function ensureSocketFolder(paths: HostPaths): void {
  const folder = dirname(paths.socket);
  if (folder === paths.stateFolder) return;
  ensurePrivateFolder(folder);
  if (lstatSync(folder).isDirectory()) return;
  const detail = "it is not a folder of your own. Move it away.";
  throw new BridgeError("CONFIG_INVALID", { file: folder, detail });
}
