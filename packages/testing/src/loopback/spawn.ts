import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How long a program has to print its address, and to end after SIGTERM, in milliseconds. */
const startMs = 10_000;
const stopMs = 2_000;

/** A server in a process of its own. */
export interface SpawnedServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Ends the process (SIGTERM, then SIGKILL) and resolves when it is gone. */
  close(): Promise<void>;
}

/**
 * The program that lies beside a module, as source or as built, whichever the module itself is.
 *
 * @param moduleUrl the caller's `import.meta.url`
 */
export function programBeside(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith(".ts") ? "./main.ts" : "./main.js", moduleUrl);
}

/**
 * Starts a program and waits for the line with its address. The process ends with its parent, since its stdin ends.
 *
 * @throws Error with the end of its stderr when it exits or stays silent for ten seconds
 */
export async function spawnServer(
  program: URL,
  parameters: readonly string[],
): Promise<SpawnedServer> {
  // The sources of the workspace resolve each other under the `source` condition only.
  const conditions = program.pathname.endsWith(".ts") ? ["--conditions=agent-bridge-source"] : [];
  const child = spawn(process.execPath, [...conditions, fileURLToPath(program), ...parameters], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  // "close" comes when its last words were read, too.
  const exited = once(child, "close");
  const close = async (): Promise<void> => {
    const force = setTimeout(() => child.kill("SIGKILL"), stopMs);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await exited;
    }
    clearTimeout(force);
  };
  try {
    const url = await readAddress(child, exited);
    return { url, pid: child.pid as number, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readAddress(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  exited: Promise<unknown>,
): Promise<string> {
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString("utf8")).slice(-8_192);
  });
  const lines = createInterface(child.stdout);
  const timeout = new AbortController();
  const line = await Promise.race([
    once(lines, "line").then(([text]) => text as string),
    exited.then(() => undefined),
    sleep(startMs, undefined, { signal: timeout.signal }),
  ]).finally(() => {
    timeout.abort();
  });
  if (line === undefined) throw new Error(`The test server did not start. ${errors}`);
  return (JSON.parse(line) as { url: string }).url;
}
