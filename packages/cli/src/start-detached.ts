import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import { BridgeError, errorCodes, type ErrorCode } from "@agent-bridge/core";
import { ensurePrivateFolder, type HostPaths } from "@agent-bridge/host";
import * as z from "zod";
import type { Surroundings } from "./surroundings.ts";

/** How long a start may take: the sweep of what a crash left behind is part of it. */
const readyMs = 60_000;

/** A larger log is put aside at the next start; one old log is kept. */
const maxLogBytes = 10 * 1024 * 1024;

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

/**
 * Starts this command again as a daemon of its own session, in the state folder, logging to its log
 * file, and waits until it is ready.
 *
 * @throws BridgeError what the start threw; TIMED_OUT; the reason of an interrupt, which ends the start
 */
export async function startDetached(
  surroundings: Surroundings,
  { args, paths }: { readonly args: readonly string[]; readonly paths: HostPaths },
): Promise<DetachedDaemon> {
  ensurePrivateFolder(paths.stateFolder);
  const log = openLog(paths.log);
  const child = spawn(process.execPath, [...process.execArgv, surroundings.program, ...args], {
    cwd: paths.stateFolder,
    detached: true,
    env: { ...surroundings.env },
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  try {
    const message = await firstWord(child, { log: paths.log, signal: surroundings.interrupts() });
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
  { log, signal }: { readonly log: string; readonly signal: AbortSignal },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => {
    child.kill();
    const what = `The start of the daemon (see ${log})`;
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
    const detail = `the daemon ended while it started (${how}); ${log} tells more.`;
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

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}
