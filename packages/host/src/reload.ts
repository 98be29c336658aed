import { describeError, type Bridge, type Logger } from "@agent-bridge/core";
import { changesTo, type ConfigChanges } from "./config-changes.ts";
import type { Config } from "./config/config-schema.ts";
import { configError, type Finding } from "./config/finding.ts";
import { findingAt, readConfig, type LoadedConfig } from "./config/read-config.ts";
import type { HostPaths } from "./paths.ts";
import { checkOptions, missingFinding, type LoadedPlugins } from "./plugins/load-plugins.ts";
import type { PluginCalls } from "./plugins/plugin-calls.ts";
import { isPluginSpecifier, locatePlugin, type PluginPlaces } from "./plugins/resolve-plugin.ts";
import { reviewRoutes } from "./plugins/route-check.ts";
import { retentionRules } from "./retention-rules.ts";

/** What became of the configuration since the start. Times are epoch milliseconds. */
export interface ConfigStatus {
  /** When the routes, limits and rules of retention in force were read. */
  readonly loadedAt: number;
  /** What is in the file, and takes effect at the next start only. */
  readonly atNextStart: readonly string[];
  /** The last reload, if it was refused: what was in force before still is. */
  readonly refused: { readonly at: number; readonly reason: string } | null;
}

/** Takes over a changed configuration while the daemon runs. */
export interface Reloader {
  readonly status: ConfigStatus;
  /**
   * Reads and checks the file as a whole. Routes, limits and retention are replaced in one step; accepted tasks keep the rules
   * that are stored with them. All else takes effect at the next start, and is named.
   *
   * @throws BridgeError CONFIG_INVALID with every finding; then nothing has changed
   */
  reload(): ConfigChanges;
}

interface Running {
  readonly bridge: Bridge;
  readonly paths: HostPaths;
  /** What the daemon was started with. */
  readonly config: LoadedConfig;
  readonly plugins: LoadedPlugins;
  /** The names of all runners of the bridge. */
  readonly runners: ReadonlySet<string>;
  readonly places: PluginPlaces;
  readonly calls: PluginCalls;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

export function createReloader(running: Running): Reloader {
  const { bridge, paths, config: started, logger } = running;
  let active = started.config;
  let status: ConfigStatus = { loadedAt: Date.now(), atNextStart: [], refused: null };

  const apply = (): ConfigChanges => {
    const next = readConfig(paths);
    const { routes, notes } = check(next, running);
    const { limits } = next.config;
    bridge.reconfigure({ routes, limits, retention: retentionRules(next.config) });
    const changes = changesTo(next.config, { active, started: started.config });
    active = next.config;
    status = { loadedAt: Date.now(), atNextStart: changes.atNextStart, refused: null };
    for (const note of notes) logger.warn(note);
    logger.info("The configuration was read again", { ...changes });
    return changes;
  };

  return {
    get status() {
      return status;
    },
    reload: () => {
      try {
        return apply();
      } catch (error) {
        const reason = describeError(error);
        status = { ...status, refused: { at: Date.now(), reason } };
        logger.error("The changed configuration is refused; what was in force still is", {
          error: reason,
        });
        throw error;
      }
    },
  };
}

/** @throws BridgeError CONFIG_INVALID with every finding */
function check(
  next: LoadedConfig,
  running: Running,
): { readonly routes: Config["routes"]; readonly notes: readonly string[] } {
  const { plugins, runners } = running;
  const findings = Object.keys(next.config.plugins).flatMap((specifier) =>
    pluginFindings(specifier, next, running),
  );
  const reviewed = reviewRoutes(next, plugins);
  const isAdded = Object.keys(next.config.plugins).some(
    (name) => !(name in running.config.config.plugins),
  );
  const hint = isAdded
    ? " Plugins that are new in the configuration are loaded at the next start."
    : "";
  for (const finding of reviewed.findings) {
    const isName = /\.(kind|runner)$/.test(finding.path);
    findings.push(isName ? { ...finding, message: finding.message + hint } : finding);
  }
  for (const [index, { runner }] of next.config.routes.entries()) {
    const isStandIn = reviewed.runners.some(({ name }) => name === runner) && !runners.has(runner);
    if (!isStandIn) continue;
    const message = `"${runner}" may come with a plugin that is in quarantine: a route to it takes a new start.`;
    findings.push(findingAt(next, ["routes", index, "runner"], message));
  }
  if (findings.length > 0) throw configError(next.file, findings);
  const { notes } = reviewed;
  return { routes: reviewed.routes as Config["routes"], notes };
}

/** Options are checked where the plugin is loaded; one that is new must be installed. */
function pluginFindings(
  specifier: string,
  next: LoadedConfig,
  { plugins, places, calls, env }: Running,
): readonly Finding[] {
  const plugin = plugins.declared.get(specifier);
  if (plugin !== undefined) {
    try {
      return checkOptions(specifier, { plugin, loaded: next, env, calls }).findings;
    } catch (error) {
      return [findingAt(next, ["plugins", specifier], describeError(error))];
    }
  }
  const isThere = isPluginSpecifier(specifier) && locatePlugin(specifier, places) !== undefined;
  return isThere ? [] : [missingFinding(next, specifier)];
}
