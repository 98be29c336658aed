import { setTimeout as sleep } from "node:timers/promises";
import { BridgeError, isBridgeError } from "@agent-bridge/core";
import { isRunning, isStateLocked, type DaemonClient } from "@agent-bridge/host";
import {
  connectTo,
  pathsOf,
  runs,
  wholeNumber,
  type CommandRow,
  type CommonOptions,
  type Invocation,
} from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

interface Options extends CommonOptions {
  readonly timeout: number;
}

const lookEveryMs = 20;

/** A stop that takes longer than this is explained, and again when the explanation changes. */
const tellAfterMs = 1_000;

export const down: CommandRow = {
  name: "down",
  add: (commands, program) => {
    const command = commands
      .command("down")
      .description("stop the daemon: running work is given back and goes on at the next start")
      .option(
        "--timeout <seconds>",
        "how long to wait for its end",
        wholeNumber("--timeout", { from: 1, to: 3600 }),
        60,
      );
    runs<Options>(command, program, async (invocation) => {
      const { printer, surroundings } = invocation;
      await using client = await connectTo(surroundings);
      const { pid } = client.daemon;
      await client.call("stop", {}, { signal: surroundings.interrupts() });
      await untilGone(invocation, client);
      printer.json({ stopped: true, pid });
      printer.text([`The daemon has stopped (pid ${pid}).`]);
      return exitCodes.ok;
    });
  },
};

async function untilGone(
  { options, printer, surroundings }: Invocation<Options>,
  client: DaemonClient,
): Promise<void> {
  const { pid } = client.daemon;
  const signal = surroundings.interrupts();
  const paths = pathsOf(surroundings);
  const afterMs = options.timeout * 1000;
  const begunAt = performance.now();
  let told = "";
  let tellAt = begunAt + tellAfterMs;
  // The lock goes last but the process itself; a later daemon may hold it already.
  while (isRunning(pid) && isStateLocked(paths)) {
    const now = performance.now();
    if (now - begunAt > afterMs) {
      const what = `The end of the daemon (pid ${pid})`;
      throw new BridgeError("TIMED_OUT", { what, afterMs });
    }
    if (now >= tellAt) {
      const text = await waitedFor(client, signal);
      if (text !== told) printer.note([`Waiting for the daemon to end: ${text}.`]);
      told = text;
      tellAt = performance.now() + tellAfterMs;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** What a daemon that stops is still busy with. */
async function waitedFor(client: DaemonClient, signal: AbortSignal): Promise<string> {
  try {
    const { running } = (await client.call("status", {}, { signal })).bridge;
    if (running > 0)
      return running === 1 ? "1 task is given back" : `${running} tasks are given back`;
    return "what is being sent is finished";
  } catch (error) {
    if (isBridgeError(error, "DAEMON_LOST", "STORE_CLOSED")) return "it closes its files";
    throw error;
  }
}
