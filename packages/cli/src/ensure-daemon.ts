import { BridgeError, isBridgeError } from "@agent-bridge/core";
import { daemonEnvironment, readConfig, type HostPaths } from "@agent-bridge/host";
import { startDetached } from "./start-detached.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long it may take until a daemon answers, started or joined, in milliseconds. */
const ensureMs = 60_000;

export interface EnsureRequest<C> {
  readonly paths: HostPaths;
  /** Connects to the daemon; DAEMON_NOT_RUNNING when there is none. */
  readonly connect: () => Promise<C>;
  readonly signal: AbortSignal;
}

/**
 * Joins the daemon of a state folder, or starts one that ends by itself when nobody needs it any more. Of
 * several that start one at once, all join the one that comes first.
 *
 * @throws BridgeError what the start threw; TIMED_OUT; the signal's reason, which ends a start under way
 */
export async function ensureDaemon<C>(
  surroundings: Surroundings,
  { paths, connect, signal }: EnsureRequest<C>,
): Promise<C> {
  const deadline = performance.now() + ensureMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!isBridgeError(error, "DAEMON_NOT_RUNNING")) throw error;
    }
    if (performance.now() > deadline) {
      throw new BridgeError("TIMED_OUT", { what: "The start of a daemon", afterMs: ensureMs });
    }
    await startOne(surroundings, { paths, signal });
  }
}

/** Starts a daemon, unless another process is faster. */
async function startOne(
  surroundings: Surroundings,
  { paths, signal }: Pick<EnsureRequest<unknown>, "paths" | "signal">,
): Promise<void> {
  const { config } = readConfig(paths);
  const args = ["up", "--detached-child", "--ends-when-idle"];
  if (paths.isConfigNamed) args.push("--config", paths.configFile);
  const env = daemonEnvironment(config.daemon, surroundings.env);
  try {
    await startDetached(surroundings, { args, paths, env, signal });
  } catch (error) {
    // The other one is joined as soon as it answers.
    if (!isBridgeError(error, "STATE_LOCKED")) throw error;
  }
}
