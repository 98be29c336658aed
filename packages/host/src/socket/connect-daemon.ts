import type { HostPaths } from "../paths.ts";
import { clientOn, type DaemonClient } from "./client.ts";
import { dialDaemon, type ConnectOptions } from "./dial-daemon.ts";

/**
 * Connects to the daemon that runs on a state folder.
 *
 * @throws BridgeError as `dialDaemon`
 */
export async function connectDaemon(
  paths: HostPaths,
  options: ConnectOptions = {},
): Promise<DaemonClient> {
  return clientOn(await dialDaemon(paths, options));
}
