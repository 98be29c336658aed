import { isBridgeError } from "@agent-bridge/core/errors";
import {
  dialDaemon,
  versionNotice,
  type DialedDaemon,
  type HostPaths,
} from "@agent-bridge/host/front";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { Surroundings } from "../surroundings.ts";
import { Front } from "./front.ts";

/** What a run that may use the bridge is given in its environment. */
const tokenVariable = "AGENT_BRIDGE_TOKEN";
const socketVariable = "AGENT_BRIDGE_SOCKET";
/** What every process of a run carries. */
const markVariable = "AGENT_BRIDGE_RUN";

/**
 * Runs a front on stdin and stdout until the client has gone.
 *
 * @throws BridgeError what joining a daemon throws the first time
 */
export async function runFront(surroundings: Surroundings, paths: HostPaths): Promise<ExitCode> {
  const { stdin, stdout, stderr } = surroundings;
  const noticed = new Set<string>();
  const dial = async (signal: AbortSignal): Promise<DialedDaemon> => {
    const dialed = await dialFor(surroundings, paths, signal);
    const notice = versionNotice(dialed.daemon);
    if (notice !== null && !noticed.has(notice)) stderr.write(`agent-bridge: ${notice}\n`);
    if (notice !== null) noticed.add(notice);
    return dialed;
  };
  const signal = surroundings.interrupts();
  await new Front({ input: stdin, output: stdout, dial, signal }).run();
  return exitCodes.ok;
}

/** Inside of a run only its token counts, and no daemon is started: one runs, or the run is over. */
async function dialFor(
  surroundings: Surroundings,
  paths: HostPaths,
  signal: AbortSignal,
): Promise<DialedDaemon> {
  const { env } = surroundings;
  const token = env[tokenVariable];
  if (token !== undefined && token !== "") {
    const socket = env[socketVariable] ?? paths.socket;
    return await dialDaemon({ ...paths, socket }, { signal, speaks: "mcp", token });
  }
  const run = env[markVariable];
  const connect = async (): Promise<DialedDaemon> =>
    await dialDaemon(paths, { signal, speaks: "mcp", run });
  try {
    return await connect();
  } catch (error) {
    if (run !== undefined || !isBridgeError(error, "DAEMON_NOT_RUNNING")) throw error;
  }
  // Most fronts find a daemon and never need what starts one.
  const { ensureDaemon } = await import("../ensure-daemon.ts");
  return await ensureDaemon(surroundings, { paths, connect, signal });
}
