import {
  createBridge,
  systemClock,
  systemRandom,
  type BridgeParts,
  type Clock,
  type Failpoint,
  type Handle,
  type Logger,
  type Random,
  type Runner,
} from "@agent-bridge/core";
import type { LoadedConfig } from "./config/read-config.ts";
import { identityOf } from "./identity.ts";
import { lockInboxes } from "./inbox-locks.ts";
import type { ServeMcp } from "./mcp-on-streams.ts";
import { openStore } from "./open-store.ts";
import type { HostPaths } from "./paths.ts";
import { loadPlugins, type LoadedPlugins } from "./plugins/load-plugins.ts";
import { watchLoop } from "./plugins/loop-watch.ts";
import { PluginCalls } from "./plugins/plugin-calls.ts";
import { divertOutput } from "./plugins/plugin-output.ts";
import type { PluginPlaces } from "./plugins/resolve-plugin.ts";
import { checkRoutes } from "./plugins/route-check.ts";
import { ensurePrivateFolder } from "./private-files.ts";
import type { ConfigChanges } from "./config-changes.ts";
import { createReloader, type Reloader } from "./reload.ts";
import { retentionRules } from "./retention-rules.ts";
import { runAccess, type McpCommand } from "./run-access.ts";
import { RunTokens } from "./run-tokens.ts";
import type { StopCause } from "./self-end.ts";
import { serveDaemon } from "./serve-daemon.ts";
import type { DaemonStatus } from "./socket/methods.ts";
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
  /** What starts `agent-bridge mcp`, by absolute paths. Default: none, and no run can use the bridge. */
  readonly mcpCommand?: McpCommand;
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
  /** Serves MCP to a client on two streams of this process, as the socket does to others. */
  readonly serveMcp: ServeMcp;
  /** Asks it to stop, as a caller of the socket may. */
  requestStop(): void;
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
  const tokens = new RunTokens();
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
    ...runAccessOf(options, { tokens, secrets }),
    clock,
    random,
    logger,
    ...(options.failpoint === undefined ? {} : { failpoint: options.failpoint }),
  });
  started.use(bridge);
  const reloader = reloaderOf(options, { bridge, plugins, runners, calls });
  const locks = [stateLock, ...inboxLocks.held];
  const { stateId } = identity;
  const parts = { bridge, plugins, calls, loop, reloader, stateId, locks, clock, tokens };
  const composed = { ...parts, options: { ...options, secrets } };
  const running = await serveDaemon(composed, started);
  logger.info("The daemon is ready", { version: hostVersion, stateFolder: paths.stateFolder });
  return running(started.move());
}

function runAccessOf(
  { paths, mcpCommand: command }: DaemonOptions,
  of: { readonly tokens: RunTokens; readonly secrets: Set<string> },
): Pick<BridgeParts, "runAccess"> {
  return command === undefined ? {} : { runAccess: runAccess({ ...of, paths, command }) };
}

function reloaderOf(
  options: DaemonOptions,
  {
    runners,
    ...parts
  }: Pick<Parameters<typeof createReloader>[0], "bridge" | "plugins" | "calls"> & {
    readonly runners: readonly Runner[];
  },
): Reloader {
  return createReloader({
    ...options,
    ...parts,
    runners: new Set(runners.map(({ name }) => name)),
    places: placesOf(options),
    env: options.env ?? process.env,
  });
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
