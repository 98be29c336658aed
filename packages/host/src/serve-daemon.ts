import {
  BridgeError,
  describeError,
  type Bridge,
  type BridgeStatus,
  type Clock,
  type Handle,
  type Logger,
} from "@agent-bridge/core";
import type { Daemon, DaemonOptions } from "./daemon.ts";
import type { ExclusiveLock } from "./exclusive-lock.ts";
import type { HttpService } from "./http/serve-over-http.ts";
import { mcpOnStreams } from "./mcp-on-streams.ts";
import type { LoadedPlugins } from "./plugins/load-plugins.ts";
import type { LoopWatch } from "./plugins/loop-watch.ts";
import type { PluginCalls } from "./plugins/plugin-calls.ts";
import type { Reloader } from "./reload.ts";
import type { RunTokens } from "./run-tokens.ts";
import { untilSelfEnd, type SelfEndWatch, type StopCause } from "./self-end.ts";
import { ensureSocketKey } from "./socket-key.ts";
import type { DaemonStatus } from "./socket/methods.ts";
import { serveSocket, type SocketServer } from "./socket/server.ts";
import { protocolVersion } from "./socket/wire.ts";
import { untilStop } from "./until-stop.ts";
import { hostVersion } from "./version.ts";

/** What a daemon was composed of, before it is served. */
export type Composed = {
  readonly bridge: Bridge;
  readonly options: DaemonOptions & { readonly secrets: Set<string> };
  readonly plugins: LoadedPlugins;
  readonly calls: PluginCalls;
  readonly loop: LoopWatch;
  readonly reloader: Reloader;
  readonly stateId: string;
  readonly locks: readonly ExclusiveLock[];
  readonly clock: Clock;
  readonly tokens: RunTokens;
};

/**
 * Opens the socket and starts the bridge. Callers are let in before it is started and answered after,
 * so a command given during the start waits instead of failing.
 */
export async function serveDaemon(
  composed: Composed,
  started: AsyncDisposableStack,
): Promise<(held: AsyncDisposableStack) => Daemon> {
  const { bridge, options, stateId, reloader } = composed;
  const { paths, logger } = options;
  const handle = bridge.as({ type: "operator" });
  const startedAt = Date.now();
  const status = async (): Promise<DaemonStatus> => await statusOf(composed, { handle, startedAt });
  const ready = Promise.withResolvers<void>();
  const stopRequest = Promise.withResolvers<StopCause>();
  let isStopping = false;
  const mcpBridge = untilStop(bridge, () => isStopping);
  const serveMcp = mcpOnStreams({ bridge: mcpBridge, clock: composed.clock, logger });
  const http = await openHttp(composed, mcpBridge, ready.promise);
  if (http !== undefined) started.use(http);
  const server = await serveSocket(paths, {
    handle,
    status,
    stop: () => stopRequest.resolve("asked"),
    isStopping: () => isStopping,
    reload: () => reloader.reload(),
    openPages: () => openPages(composed, http),
    key: ensureSocketKey(paths),
    stateId,
    tokens: composed.tokens,
    serveMcp,
    hello: { protocol: protocolVersion, version: hostVersion, pid: process.pid },
    ready: ready.promise,
    logger,
  });
  started.use(server);
  await startBridge(bridge, ready);
  const surfaces = http?.mountSurfaces();
  started.use(watchSelfEnd(selfEndOf(composed, { server, handle }), stopRequest.resolve));
  const beginStop = (): void => {
    isStopping = true;
    server.stopListening();
    http?.stopListening();
  };
  return (held) => {
    const stop = once(async () => await stopInOrder({ bridge, logger, beginStop, surfaces, held }));
    return {
      pid: process.pid,
      version: hostVersion,
      paths,
      handle,
      status,
      serveMcp,
      reload: () => reloader.reload(),
      runningPlugin: () => composed.calls.current?.plugin ?? null,
      requestStop: () => stopRequest.resolve("asked"),
      stopRequested: stopRequest.promise,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  };
}

async function openHttp(
  { bridge, options, plugins, clock }: Composed,
  mcpBridge: Pick<Bridge, "as">,
  ready: Promise<void>,
): Promise<HttpService | undefined> {
  const { http } = options.config.config;
  if (http === undefined) return undefined;
  // Loaded only where it is on: most daemons do without it.
  const { serveOverHttp } = await import("./http/serve-over-http.ts");
  return await serveOverHttp(http, {
    env: process.env,
    ...options,
    sessionFile: options.paths.webSessions,
    surfaces: plugins.surfaces,
    bridge,
    mcpBridge,
    clock,
    ready,
  });
}

/** The pages that plugins serve, each with a one-time code. @throws BridgeError CONFIG_INVALID where there is none */
function openPages(
  { options }: Composed,
  http: HttpService | undefined,
): readonly { readonly name: string; readonly url: string }[] {
  const pages = http?.openPages() ?? [];
  if (pages.length > 0) return pages;
  const detail =
    http === undefined
      ? "no page is served, because HTTP is off. Add `http: {}`, and a plugin with a page: `@agent-bridge/plugin-portal`."
      : "no plugin serves a page. Add `@agent-bridge/plugin-portal` to `plugins`.";
  throw new BridgeError("CONFIG_INVALID", { file: options.config.file, detail });
}

/** What `status` answers. */
async function statusOf(
  { options, plugins, calls, loop, reloader }: Composed,
  { handle, startedAt }: { readonly handle: Handle; readonly startedAt: number },
): Promise<DaemonStatus> {
  const { paths, config } = options;
  return {
    pid: process.pid,
    version: hostVersion,
    startedAt,
    stateFolder: paths.stateFolder,
    configFile: config.file,
    plugins: plugins.reports.map((report) => ({
      ...report,
      thrown: calls.thrownBy(report.specifier),
    })),
    loop: loop.status,
    config: reloader.status,
    bridge: await handle.status(),
  };
}

async function startBridge(bridge: Bridge, ready: PromiseWithResolvers<void>): Promise<void> {
  // Callers that wait are told through their connections; with none the rejection has no reader.
  ready.promise.catch(() => undefined);
  try {
    await bridge.start();
    ready.resolve();
  } catch (error) {
    ready.reject(error);
    throw error;
  }
}

async function stopInOrder(parts: {
  readonly bridge: Bridge;
  readonly logger: Logger;
  readonly beginStop: () => void;
  /** What plugins serve: told first, while everything still answers. */
  readonly surfaces: AsyncDisposable | undefined;
  readonly held: AsyncDisposableStack;
}): Promise<void> {
  const { bridge, logger, beginStop, surfaces, held } = parts;
  logger.info("The daemon stops");
  beginStop();
  try {
    await surfaces?.[Symbol.asyncDispose]();
  } catch (error) {
    logger.error("A surface did not end", { error: describeError(error) });
  }
  try {
    await bridge.stop();
  } finally {
    await held.disposeAsync();
  }
  logger.info("The daemon has stopped");
}

/** Asks for a stop when the daemon has to end by itself. */
function watchSelfEnd(
  watch: Omit<SelfEndWatch, "signal">,
  stop: (cause: StopCause) => void,
): Disposable {
  const watching = new AbortController();
  untilSelfEnd({ ...watch, signal: watching.signal }).then(stop, (error: unknown) => {
    if (!watching.signal.aborted)
      watch.logger.error("The daemon does not watch its end", { error });
  });
  return { [Symbol.dispose]: () => watching.abort() };
}

function selfEndOf(
  { options, plugins, locks, clock }: Composed,
  { server, handle }: { readonly server: SocketServer; readonly handle: Handle },
): Omit<SelfEndWatch, "signal"> {
  const { logger, config, endsWhenIdle = false } = options;
  let callers = 0;
  return {
    locks,
    idleMs: endsWhenIdle ? config.config.daemon.idleMinutes * 60_000 : null,
    isBusy: async () => {
      const hadCaller = server.callerCount > callers || server.connectionCount > 0;
      callers = server.callerCount;
      // Clients over HTTP and channels come without being announced.
      const isAwaited = plugins.channels.length > 0 || config.config.http !== undefined;
      return hadCaller || isAwaited || hasWork(await handle.status());
    },
    clock,
    logger,
  };
}

function hasWork({ store: { tasks, outbox } }: BridgeStatus): boolean {
  return tasks.pending + tasks.running + tasks.input_required + outbox > 0;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return async () => await (running ??= run());
}
