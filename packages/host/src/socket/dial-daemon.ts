import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { BridgeError, isBridgeError } from "@agent-bridge/core/errors";
import { markVariable } from "@agent-bridge/process";
import { isLocked } from "../lock-file.ts";
import type { HostPaths } from "../paths.ts";
import { readSocketKey } from "../socket-key.ts";
import { ensureSocketFolder } from "./socket-folder.ts";
import {
  fromWireError,
  protocolVersion,
  type DaemonFrame,
  type DaemonHello,
  type HelloFrame,
} from "./wire.ts";

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** How long the daemon may take to answer, also while it starts. Default: 15 s. */
  readonly timeoutMs?: number;
  /** The mark of the run that this process is part of. Default: from the environment. */
  readonly run?: string | undefined;
}

export interface DialOptions extends ConnectOptions {
  /** What is spoken after the greeting. Default: the daemon's own requests. */
  readonly speaks?: "mcp";
  /** What a run was given to call with; default: the key of the state folder. */
  readonly token?: string;
}

/** A connection on which the daemon has greeted. Nothing is read from it until someone listens. */
export interface DialedDaemon {
  readonly socket: Socket;
  readonly daemon: DaemonHello;
}

/** Pauses between two tries at a daemon that is there but does not listen, in milliseconds. */
const pauses = { firstMs: 10, longestMs: 250 };

/** The longest greeting that is read. */
const maxGreetingBytes = 64 * 1024;

/**
 * Opens a connection to the daemon that runs on a state folder, and shows who calls. One that holds the
 * folder without listening yet is just starting, or about to end: it is asked again until it answers or
 * is gone.
 *
 * @throws BridgeError DAEMON_NOT_RUNNING, NOT_ALLOWED, TIMED_OUT; INPUT_INVALID when it speaks another
 *   protocol; the signal's reason
 */
export async function dialDaemon(
  paths: HostPaths,
  options: DialOptions = {},
): Promise<DialedDaemon> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  using deadline = new DisposableStack();
  const late = new AbortController();
  const what = "An answer of the daemon";
  const giveUp = (): void => late.abort(new BridgeError("TIMED_OUT", { what, afterMs: timeoutMs }));
  deadline.adopt(setTimeout(giveUp, timeoutMs), clearTimeout);
  const signal =
    options.signal === undefined ? late.signal : AbortSignal.any([late.signal, options.signal]);
  for (let pauseMs = pauses.firstMs; ; pauseMs = Math.min(2 * pauseMs, pauses.longestMs)) {
    try {
      return await dialOnce(paths, options, signal);
    } catch (error) {
      // Who has only a token can not look at the lock; a run does not outlive its daemon either.
      const isOver = options.token !== undefined || !isBridgeError(error, "DAEMON_NOT_RUNNING");
      if (isOver || !isLocked(paths.stateLock)) throw error;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function dialOnce(
  paths: HostPaths,
  options: DialOptions,
  signal: AbortSignal,
): Promise<DialedDaemon> {
  const notRunning = (cause?: unknown): BridgeError =>
    new BridgeError("DAEMON_NOT_RUNNING", { folder: paths.stateFolder }, { cause });
  const hello = helloOf(paths, options);
  if (hello === undefined) throw notRunning();
  try {
    return await greetDaemon(paths.socket, hello, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED" || code === "DAEMON_LOST") {
      throw notRunning(error);
    }
    if (code !== "EACCES" && code !== "EPERM") throw error;
    throw new BridgeError("NOT_ALLOWED", { what: `Opening ${paths.socket}` }, { cause: error });
  }
}

/**
 * Opens a connection and shows who calls, once.
 *
 * @throws what the daemon refuses with, the socket's own error, DAEMON_LOST when nobody that speaks the
 *   protocol answers; the signal's reason
 */
export async function greetDaemon(
  path: string,
  hello: HelloFrame["hello"],
  signal: AbortSignal,
): Promise<DialedDaemon> {
  signal.throwIfAborted();
  const socket = connect(path);
  try {
    return { socket, daemon: await greet(socket, hello, signal) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** @returns undefined where there is no key: then no daemon has ever run */
function helloOf(paths: HostPaths, options: DialOptions): HelloFrame["hello"] | undefined {
  const { speaks, token } = options;
  const about = { protocol: protocolVersion, ...(speaks === undefined ? {} : { speaks }) };
  if (token !== undefined) return { ...about, token };
  const key = readSocketKey(paths);
  if (key === undefined) return undefined;
  ensureSocketFolder(paths);
  const run = "run" in options ? options.run : process.env[markVariable];
  return { ...about, key, ...(run === undefined ? {} : { run }) };
}

/** Says who calls and reads the answer, and nothing of what comes after it. */
async function greet(
  socket: Socket,
  hello: HelloFrame["hello"],
  signal: AbortSignal,
): Promise<DaemonHello> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf("\n");
    if (end === -1 && received.length <= maxGreetingBytes) return;
    socket.off("data", onData);
    socket.pause();
    if (end !== -1 && end + 1 < received.length) socket.unshift(received.subarray(end + 1));
    resolve(received.subarray(0, end === -1 ? 0 : end));
  };
  const onClose = (): void =>
    reject(new BridgeError("DAEMON_LOST", { detail: "the daemon closed it" }));
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("data", onData).once("error", reject).once("close", onClose);
  try {
    socket.write(`${JSON.stringify({ hello })}\n`);
    return daemonOf(await promise);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.off("data", onData).off("error", reject).off("close", onClose);
  }
}

/** @throws BridgeError what the daemon refuses with; DAEMON_LOST when what answers is no daemon */
function daemonOf(line: Buffer): DaemonHello {
  const frame = parsed(line);
  if (frame !== undefined && "hello" in frame) return frame.hello;
  if (frame !== undefined && "error" in frame) throw fromWireError(frame.error);
  throw new BridgeError("DAEMON_LOST", { detail: "what answers is no daemon" });
}

/** Who could write in the daemon's place has the key's folder: what is a frame at all is trusted. */
function parsed(line: Buffer): DaemonFrame | undefined {
  try {
    const data: unknown = JSON.parse(line.toString("utf8"));
    return typeof data === "object" && data !== null ? (data as DaemonFrame) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
