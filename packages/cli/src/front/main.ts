import { describeError, isBridgeError } from "@agent-bridge/core/errors";
import { resolvePaths } from "@agent-bridge/host/front";
import { exitCodeOf, exitCodes } from "../exit-codes.ts";
import { Interrupted, processSurroundings } from "../surroundings.ts";
import { runFront } from "./run-front.ts";

/**
 * Runs `agent-bridge mcp` without its options, as clients do. It is the same as the command, but without the
 * code of all others: a front is there in a moment and small.
 */
export async function main(): Promise<void> {
  const surroundings = processSurroundings();
  for (const output of [process.stdout, process.stderr]) {
    // A client that has gone reads no more.
    output.on("error", () => process.exit(exitCodes.ok));
  }
  try {
    process.exitCode = await runFront(surroundings, resolvePaths({ env: surroundings.env }));
  } catch (error) {
    const code = isBridgeError(error) ? ` (${error.code})` : "";
    process.stderr.write(`agent-bridge: ${describeError(error)}${code}\n`);
    if (isBridgeError(error)) process.exitCode = exitCodeOf[error.code];
    else process.exitCode = error instanceof Interrupted ? exitCodes.interrupted : exitCodes.failed;
  }
  // Whoever reads the last words has them; nothing that is still open holds the process.
  process.stdout.write("", () => process.exit());
}
