import {
  createBridge,
  systemClock,
  systemRandom,
  type Bridge,
  type BridgeStatus,
  type Clock,
  type Failpoint,
  type Handle,
  type Logger,
  type Random,
} from "@agent-bridge/core";
import type { LoadedConfig } from "./config/read-config.ts";
import type { ExclusiveLock } from "./exclusive-lock.ts";
import { ensureSocketKey, identityOf } from "./identity.ts";
import { lockInboxes } from "./inbox-locks.ts";
import { openStore } from "./open-store.ts";
import type { HostPaths } from "./paths.ts";
import { loadPlugins, type LoadedPlugins } from "./plugins/load-plugins.ts";
import { watchLoop, type LoopWatch } from "./plugins/loop-watch.ts";
import { PluginCalls } from "./plugins/plugin-calls.ts";
import { divertOutput } from "./plugins/plugin-output.ts";
import type { PluginPlaces } from "./plugins/resolve-plugin.ts";
import { checkRoutes } from "./plugins/route-check.ts";
import { ensurePrivateFolder } from "./private-files.ts";
import type { ConfigChanges } from "./config-changes.ts";
import { createReloader, type Reloader } from "./reload.ts";
import { retentionRules } from "./retention-rules.ts";
import { untilSelfEnd, type SelfEndWatch, type StopCause } from "./self-end.ts";
import { protocolVersion } from "./socket/frames.ts";
import type { DaemonStatus } from "./socket/methods.ts";
import { serveSocket, type SocketServer } from "./socket/server.ts";
import { lockState } from "./state-lock.ts";
import { stateSweeper } from "./sweeper.ts";
import { hostVersion } from "./version.ts";

export interface DaemonOptions {
  readonly paths: HostPaths;
  readonly config: LoadedConfig;
  readonly logger: Logger;
  /** Keep everything in memory, whatever the configuration says: accepted work ends with the process. */
  readonly ephemeral?: boolean;
  /** URLs of modules whose dependencies are searched for plugins, after the config folder. Default: this one. */
  readonly resolveFrom?: readonly string[];
  /** Resolved secrets are added to it, for the logger to keep out. */
  readonly secrets?: Set<string>;
  /** Where `$env` secrets are looked up. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** End by itself when nothing went on for `daemon.idleMinutes`. Default: only when asked. */
  readonly endsWhenIdle?: boolean;
  /** For crash tests. */
  readonly failpoint?: (name: Failpoint) => void | Promise<void>;
}

/** A running daemon. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly version: string;
  readonly paths: HostPaths;
  /** The operator's. */
  readonly handle: Handle;
  status(): Promise<DaemonStatus>;
  /** Takes over a changed configuration, as {@link Reloader.reload}. @throws BridgeError CONFIG_INVALID */
  reload(): ConfigChanges;
  /** The plugin whose code runs now, as it stands in the configuration; null where that is not known. */
  runningPlugin(): string | null;
  /** Resolves when it is to stop, with the reason; whoever runs it then calls `stop`. */
  readonly stopRequested: Promise<StopCause>;
  /** No new callers and messages; running attempts are given back; then all is closed and unlocked. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the daemon of a state folder: lock, plugins, store, inbox locks, socket, bridge, in this
 * order; ready when it resolves. When a step fails, what the steps before it took is given back.
 *
 * @throws BridgeError STATE_LOCKED, INBOX_LOCKED, CONFIG_INVALID, KIND_DUPLICATE, NAME_DUPLICATE, STORE_NOT_DURABLE,
 *   STORE_CORRUPT, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { paths, logger, clock = systemClock(), random = systemRandom } = options;
  const secrets = options.secrets ?? new Set<string>();
  await using started = new AsyncDisposableStack();
  ensurePrivateFolder(paths.stateFolder);
  const stateLock = started.use(await lockState(paths, hostVersion));
  const identity = identityOf(paths, random);
  const calls = new PluginCalls();
  started.use(divertOutput(logger, calls));
  const loop = started.use(watchLoop(logger, calls));
  const plugins = await load({ ...options, secrets }, { clock, random, calls });
  const { routes, runners, notes } = checkRoutes(options.config, plugins);
  logNotes(logger, plugins, [...notes, ...noRoutes(routes.length)]);
  const store = await openStore(options, { clock, random });
  if (store !== undefined) started.use(store);
  const about = { paths, version: hostVersion };
  const inboxLocks = started.use(await lockInboxes(plugins.channels, about));
  const bridge = createBridge({
    ...(store === undefined ? {} : { store }),
    ...identity,
    kinds: plugins.kinds,
    routes,
    runners,
    channels: plugins.channels,
    limits: options.config.config.limits,
    retention: retentionRules(options.config.config),
    secrets,
    sweeper: stateSweeper(identity.stateId, logger),
    clock,
    random,
    logger,
    ...(options.failpoint === undefined ? {} : { failpoint: options.failpoint }),
  });
  started.use(bridge);
  const reloader = createReloader({
    ...options,
    bridge,
    plugins,
    runners: new Set(runners.map(({ name }) => name)),
    places: placesOf(options),
    calls,
    env: options.env ?? process.env,
  });
  const locks = [stateLock, ...inboxLocks.held];
  const { stateId } = identity;
  const composed = { bridge, options, plugins, calls, loop, reloader, stateId, locks, clock };
  const running = await serve(composed, started);
  logger.info("The daemon is ready", { version: hostVersion, stateFolder: paths.stateFolder });
  return running(started.move());
}

type Composed = {
  readonly bridge: Bridge;
  readonly options: DaemonOptions;
  readonly plugins: LoadedPlugins;
  readonly calls: PluginCalls;
  readonly loop: LoopWatch;
  readonly reloader: Reloader;
  readonly stateId: string;
  readonly locks: readonly ExclusiveLock[];
  readonly clock: Clock;
};

/**
 * Opens the socket and starts the bridge. Callers are let in before it is started and answered after,
 * so a command given during the start waits instead of failing.
 */
async function serve(
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
  const server = await serveSocket(paths, {
    handle,
    status,
    stop: () => stopRequest.resolve("asked"),
    isStopping: () => isStopping,
    reload: () => reloader.reload(),
    key: ensureSocketKey(paths),
    stateId,
    hello: { protocol: protocolVersion, version: hostVersion, pid: process.pid },
    ready: ready.promise,
    logger,
  });
  started.use(server);
  await startBridge(bridge, ready);
  const watching = new AbortController();
  started.defer(() => watching.abort());
  const watch = { ...selfEndOf(composed, { server, handle }), signal: watching.signal };
  untilSelfEnd(watch).then(stopRequest.resolve, (error: unknown) => {
    if (!watching.signal.aborted) logger.error("The daemon does not watch its end", { error });
  });
  const beginStop = (): void => {
    isStopping = true;
    server.stopListening();
  };
  return (held) => {
    const stop = once(async () => await stopInOrder({ bridge, logger, beginStop, held }));
    return {
      pid: process.pid,
      version: hostVersion,
      paths,
      handle,
      status,
      reload: () => reloader.reload(),
      runningPlugin: () => composed.calls.current?.plugin ?? null,
      stopRequested: stopRequest.promise,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  };
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
  readonly held: AsyncDisposableStack;
}): Promise<void> {
  const { bridge, logger, beginStop, held } = parts;
  logger.info("The daemon stops");
  beginStop();
  try {
    await bridge.stop();
  } finally {
    await held.disposeAsync();
  }
  logger.info("The daemon has stopped");
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
      return hadCaller || plugins.channels.length > 0 || hasWork(await handle.status());
    },
    clock,
    logger,
  };
}

function hasWork({ store: { tasks, outbox } }: BridgeStatus): boolean {
  return tasks.pending + tasks.running + tasks.input_required + outbox > 0;
}

function placesOf({ paths, resolveFrom = [] }: DaemonOptions): PluginPlaces {
  return { configFolder: paths.configFolder, resolveFrom: [...resolveFrom, import.meta.url] };
}

async function load(
  options: DaemonOptions,
  {
    calls,
    ...context
  }: { readonly clock: Clock; readonly random: Random; readonly calls: PluginCalls },
): Promise<LoadedPlugins> {
  const { paths, logger } = options;
  return await loadPlugins({
    loaded: options.config,
    places: placesOf(options),
    folder: paths.pluginFolder,
    context: { ...context, logger },
    env: options.env ?? process.env,
    secrets: options.secrets ?? new Set(),
    calls,
  });
}

function logNotes(logger: Logger, plugins: LoadedPlugins, notes: readonly string[]): void {
  for (const { specifier, state, version, reason } of plugins.reports) {
    if (state === "loaded") logger.info("A plugin is loaded", { plugin: specifier, version });
    else logger.error("A plugin is in quarantine", { plugin: specifier, reason });
  }
  for (const note of notes) logger.warn(note);
}

function noRoutes(count: number): readonly string[] {
  return count > 0 ? [] : ["There are no routes: nobody may send anything."];
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return async () => await (running ??= run());
}
