import type { LoopbackServer } from "./server.ts";

/**
 * Runs a server as a program: prints `{"url": …}` as one line when it listens, and ends on SIGTERM, SIGINT or
 * when stdin ends, so that it never outlives the process that started it.
 */
export async function runProgram(start: () => Promise<LoopbackServer>): Promise<void> {
  const server = await start();
  const stop = (): void => {
    void server.close().then(() => {
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdin.once("end", stop);
  process.stdin.once("error", stop);
  process.stdin.resume();
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
}
