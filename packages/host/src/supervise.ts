import { describeError, isBridgeError, type Logger } from "@agent-bridge/core";
import type { Daemon } from "./daemon.ts";
import type { StopCause } from "./self-end.ts";
import { watchTerminal } from "./terminal.ts";

/** How long the process may still take to end by itself when the daemon has stopped, in milliseconds. */
const lingerMs = 1_000;

/**
 * Runs a daemon until it is asked to stop: by SIGTERM or SIGINT, by the end of its terminal, or
 * through its socket; or until it has its own reason to. A second signal ends the process at once, as
 * does an error that nobody caught: what was accepted is safe, the next start takes it over. Any other
 * SIGHUP makes it read its configuration again. After the stop nothing that a plugin left behind, such
 * as a timer, holds the process: it ends within a second.
 *
 * @returns the exit code: 0 after an orderly stop, 1 otherwise, also where a lock was lost
 */
export async function superviseDaemon(daemon: Daemon, logger: Logger): Promise<number> {
  const asked = Promise.withResolvers<StopCause>();
  let signals = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    signals++;
    logger.info(signals === 1 ? "Asked to stop" : "Asked again: ending at once", { signal: name });
    if (signals > 1) process.exit(130);
    asked.resolve("asked");
  };
  const terminal = watchTerminal();
  const onHangUp = (name: NodeJS.Signals): void => {
    if (terminal.isGone()) return onSignal(name);
    try {
      daemon.reload();
    } catch (error) {
      // A refusal is told by the reload itself.
      if (!isBridgeError(error)) throw error;
    }
  };
  const onUncaught = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error("An error that nobody caught ends the daemon", {
      plugin: daemon.runningPlugin(),
      error: describeError(error),
      stack,
    });
    process.exit(1);
  };
  const endWith = (code: number): number => {
    setTimeout(() => {
      logger.warn("Something that was left behind held the process");
      process.exit(code);
    }, lingerMs).unref();
    return code;
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal).on("SIGHUP", onHangUp);
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
  try {
    const cause = await Promise.race([asked.promise, daemon.stopRequested]);
    await daemon.stop();
    return endWith(cause === "lock_lost" ? 1 : 0);
  } catch (error) {
    logger.error("The daemon did not stop in order", { error: describeError(error) });
    return endWith(1);
  } finally {
    process.off("SIGTERM", onSignal).off("SIGINT", onSignal).off("SIGHUP", onHangUp);
    process.off("uncaughtException", onUncaught).off("unhandledRejection", onUncaught);
  }
}
