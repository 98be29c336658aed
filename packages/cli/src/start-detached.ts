import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";
import { BridgeError, errorCodes, type ErrorCode } from "@agent-bridge/core";
import { ensurePrivateFolder, type HostPaths } from "@agent-bridge/host";
import * as z from "zod";
import { ownCommand } from "./own-command.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long a start may take: the sweep of what a crash left behind is part of it. */
const readyMs = 60_000;

/** What the processes of earlier starts printed is kept up to here. */
const maxOutputBytes = 1024 * 1024;

const readySchema = z.object({
  ready: z.object({
    pid: z.int(),
    version: z.string(),
    stateFolder: z.string(),
    socket: z.string(),
  }),
});
const errorSchema = z.object({
  error: z.object({
    code: z.custom<ErrorCode>((code) => errorCodes.includes(code as ErrorCode)),
    message: z.string(),
    data: z.json(),
  }),
});

/** A daemon that was started in the background. */
export type DetachedDaemon = z.infer<typeof readySchema>["ready"];

export interface DetachedStart {
  readonly paths: HostPaths;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the start. */
  readonly signal: AbortSignal;
}

/**
 * Starts this command again as a daemon of its own session, in the state folder, and waits until it is
 * ready. It logs by itself; what its process prints beside that goes to a file as well.
 *
 * @throws BridgeError what the start threw; TIMED_OUT; the signal's reason
 */
export async function startDetached(
  surroundings: Surroundings,
  { paths, args, env, signal }: DetachedStart,
): Promise<DetachedDaemon> {
  signal.throwIfAborted();
  ensurePrivateFolder(paths.stateFolder);
  const output = openOutput(paths.output);
  const again = ownCommand(surroundings, args);
  const child = spawn(again.command, again.args, {
    cwd: paths.stateFolder,
    detached: true,
    env: { ...env },
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  try {
    const message = await firstWord(child, { paths, signal });
    const ready = readySchema.safeParse(message);
    if (ready.success) return ready.data.ready;
    const refused = errorSchema.safeParse(message);
    if (!refused.success) throw new BridgeError("INTERNAL", { detail: "the start told nothing" });
    const { code, data } = refused.data.error;
    throw new BridgeError(code, data as never);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

async function firstWord(
  child: ChildProcess,
  { paths, signal }: { readonly paths: HostPaths; readonly signal: AbortSignal },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => {
    child.kill();
    const what = `The start of the daemon (see ${paths.log})`;
    reject(new BridgeError("TIMED_OUT", { what, afterMs: readyMs }));
  }, readyMs);
  const onAbort = (): void => {
    child.kill();
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  child.once("message", resolve);
  child.once("error", reject);
  child.once("exit", (code, killed) => {
    const how = killed ?? `exit ${code}`;
    const detail = `the daemon ended while it started (${how}); ${paths.log} or ${paths.output} tells more.`;
    reject(new BridgeError("INTERNAL", { detail }));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    child.removeAllListeners();
  }
}

function openOutput(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return openSync(path, size > maxOutputBytes ? "w" : "a", 0o600);
}
