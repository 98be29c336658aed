import { setTimeout as sleep } from "node:timers/promises";
import { BridgeError } from "@agent-bridge/core";
import { isRunning, isStateLocked } from "@agent-bridge/host";
import {
  callOnce,
  pathsOf,
  runs,
  wholeNumber,
  type CommandRow,
  type CommonOptions,
} from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

interface Options extends CommonOptions {
  readonly timeout: number;
}

const lookEveryMs = 20;

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
    runs<Options>(command, program, async ({ printer, surroundings, options }) => {
      const signal = surroundings.interrupts();
      const pid = await callOnce(surroundings, async (client) => {
        await client.call("stop", {}, { signal });
        return client.daemon.pid;
      });
      const paths = pathsOf(surroundings);
      const afterMs = options.timeout * 1000;
      const deadline = performance.now() + afterMs;
      // The lock goes last but the process itself; a later daemon may hold it already.
      while (isRunning(pid) && isStateLocked(paths)) {
        if (performance.now() > deadline) {
          throw new BridgeError("TIMED_OUT", {
            what: `The end of the daemon (pid ${pid})`,
            afterMs,
          });
        }
        await sleep(lookEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      printer.json({ stopped: true, pid });
      printer.text([`The daemon has stopped (pid ${pid}).`]);
      return exitCodes.ok;
    });
  },
};
