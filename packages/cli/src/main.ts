import { runProgram } from "./program.ts";
import { processSurroundings } from "./surroundings.ts";

/** Runs the command of this process. The exit code is set, and the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<void> {
  for (const output of [process.stdout, process.stderr]) {
    // `| head` closes the pipe when it has enough: the rest is not wanted, which is no error.
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  process.exitCode = await runProgram(args, processSurroundings());
}
