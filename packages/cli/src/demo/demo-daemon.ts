import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { BridgeError, isBridgeError } from "@agent-bridge/core";
import { connectDaemon, type DaemonClient, resolvePaths } from "@agent-bridge/host";

/** How long a daemon may take to answer, in milliseconds. */
const readyMs = 15_000;

/** A daemon of the demo: a real one, in a process of its own, as `agent-bridge up` starts it. */
export interface DemoDaemon extends AsyncDisposable {
  readonly pid: number;
  readonly client: DaemonClient;
  /** Ends it as a power cut would: SIGKILL, no chance to tidy. */
  kill(): Promise<void>;
}

async function connect(
  home: string,
  of: { child: ChildProcess; said: () => string; signal: AbortSignal },
): Promise<DaemonClient> {
  const paths = resolvePaths({ env: { ...process.env, AGENT_BRIDGE_HOME: home } });
  for (const end = performance.now() + readyMs; ;) {
    if (of.child.exitCode !== null)
      throw new BridgeError("INTERNAL", { detail: `the demo's daemon ended: ${of.said()}` });
    try {
      return await connectDaemon(paths, { signal: of.signal });
    } catch (error) {
      if (!isBridgeError(error, "DAEMON_NOT_RUNNING", "DAEMON_LOST") || performance.now() > end)
        throw error;
      await sleep(20, undefined, { signal: of.signal });
    }
  }
}

/** Starts `agent-bridge up` on a home and connects to it. */
export async function startDaemon(home: string, signal: AbortSignal): Promise<DemoDaemon> {
  const command = process.argv[1];
  if (command === undefined) throw new TypeError("The demo runs as a command only.");
  const child = spawn(process.execPath, [...process.execArgv, command, "up"], {
    env: { ...process.env, AGENT_BRIDGE_HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4000);
  });
  const end = async (by: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(by);
    await exited;
  };
  try {
    const client = await connect(home, { child, said: () => said, signal });
    return {
      pid: child.pid as number,
      client,
      kill: async () => {
        await end("SIGKILL");
        await client.close();
      },
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await end("SIGTERM");
      },
    };
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
}
