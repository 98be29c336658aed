import { setTimeout as sleep } from "node:timers/promises";
import { BridgeError, isBridgeError } from "@agent-bridge/core";
import { markVariable } from "@agent-bridge/process";
import { readSocketKey } from "../identity.ts";
import type { HostPaths } from "../paths.ts";
import { isStateLocked } from "../state-lock.ts";
import { greetDaemon, type DaemonClient } from "./client.ts";
import { ensureSocketFolder } from "./socket-folder.ts";

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** How long the daemon may take to answer, also while it starts. Default: 15 s. */
  readonly timeoutMs?: number;
  /** The mark of the run that this process is part of. Default: from the environment. */
  readonly run?: string | undefined;
}

/** Pauses between two tries at a daemon that is there but does not listen, in milliseconds. */
const pauses = { firstMs: 10, longestMs: 250 };

/**
 * Connects to the daemon that runs on a state folder. One that holds the folder without listening yet is
 * just starting, or about to end: it is asked again until it answers or is gone.
 *
 * @throws BridgeError DAEMON_NOT_RUNNING, NOT_ALLOWED, TIMED_OUT; INPUT_INVALID when it speaks another protocol
 */
export async function connectDaemon(
  paths: HostPaths,
  options: ConnectOptions = {},
): Promise<DaemonClient> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const run = "run" in options ? options.run : process.env[markVariable];
  using deadline = new DisposableStack();
  const late = new AbortController();
  const what = "An answer of the daemon";
  const giveUp = (): void => late.abort(new BridgeError("TIMED_OUT", { what, afterMs: timeoutMs }));
  deadline.adopt(setTimeout(giveUp, timeoutMs), clearTimeout);
  const signal =
    options.signal === undefined ? late.signal : AbortSignal.any([late.signal, options.signal]);
  for (let pauseMs = pauses.firstMs; ; pauseMs = Math.min(2 * pauseMs, pauses.longestMs)) {
    try {
      return await connectOnce(paths, run, signal);
    } catch (error) {
      if (!isBridgeError(error, "DAEMON_NOT_RUNNING") || !isStateLocked(paths)) throw error;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function connectOnce(
  paths: HostPaths,
  run: string | undefined,
  signal: AbortSignal,
): Promise<DaemonClient> {
  const notRunning = (cause?: unknown): BridgeError =>
    new BridgeError("DAEMON_NOT_RUNNING", { folder: paths.stateFolder }, { cause });
  const key = readSocketKey(paths);
  if (key === undefined) throw notRunning();
  ensureSocketFolder(paths);
  try {
    return await greetDaemon(paths.socket, { key, run }, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED" || code === "DAEMON_LOST") {
      throw notRunning(error);
    }
    if (code !== "EACCES" && code !== "EPERM") throw error;
    throw new BridgeError("NOT_ALLOWED", { what: `Opening ${paths.socket}` }, { cause: error });
  }
}
