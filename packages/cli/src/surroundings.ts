import type { Readable, Writable } from "node:stream";
import { ownStderr, ownStdout } from "@agent-bridge/host/front";

/** A text stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command reads and writes of its process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** The file that a child is started with to be this command again. */
  readonly program: string;
  /**
   * Aborts at the first SIGINT or SIGTERM, which from then on do not end the process by themselves.
   * For commands that only talk to a daemon; the daemon has its own way.
   */
  interrupts(): AbortSignal;
}

/** The reason of an abort by SIGINT or SIGTERM. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

function listenForSignals(): AbortController {
  const controller = new AbortController();
  const onSignal = (): void => {
    // The second one ends the process as if nobody listened.
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    controller.abort(new Interrupted("Interrupted."));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return controller;
}

/** The process itself. */
export function processSurroundings(): Surroundings {
  let interrupts: AbortController | undefined;
  return {
    env: process.env,
    stdin: process.stdin,
    // What a plugin prints does not get there.
    stdout: ownStdout(),
    stderr: ownStderr(),
    program: process.argv[1] ?? "",
    interrupts: () => (interrupts ??= listenForSignals()).signal,
  };
}
