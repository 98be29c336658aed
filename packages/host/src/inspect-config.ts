import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  describeError,
  isBridgeError,
  silentLogger,
  systemClock,
  systemRandom,
} from "@agent-bridge/core";
import type { Finding } from "./config/finding.ts";
import { lookAtConfig, type LoadedConfig } from "./config/read-config.ts";
import { createLogRedactor } from "./log/log-redaction.ts";
import type { HostPaths } from "./paths.ts";
import { lookAtPlugins, type LoadedPlugins } from "./plugins/load-plugins.ts";
import { PluginCalls } from "./plugins/plugin-calls.ts";
import { divertOutput } from "./plugins/plugin-output.ts";
import { reviewRoutes, type CheckedRoutes } from "./plugins/route-check.ts";

export interface InspectionOptions {
  readonly paths: HostPaths;
  /** As for a daemon. */
  readonly resolveFrom?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What a configuration comes to, with its plugins loaded as a daemon would. Dispose it. */
export interface ConfigInspection extends AsyncDisposable {
  /** Null where the file can not be read, or is no configuration. */
  readonly loaded: LoadedConfig | null;
  /** Null as well where two plugins can not be used together. */
  readonly plugins: LoadedPlugins | null;
  /** Those that a daemon would have. */
  readonly routes: CheckedRoutes | null;
  /** Everything for which a daemon would not start. */
  readonly findings: readonly Finding[];
  /** Texts that must not be shown. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Looks at a configuration without a daemon. Nothing is changed, received or run: the plugins get a folder that is
 * removed again, and what they print is not shown.
 */
export async function inspectConfig(options: InspectionOptions): Promise<ConfigInspection> {
  await using started = new AsyncDisposableStack();
  const secrets = new Set<string>();
  const looked = lookAtConfig(options.paths);
  if ("findings" in looked) {
    const { findings } = looked;
    return inspection({ loaded: null, plugins: null, routes: null, findings, secrets }, started);
  }
  const { loaded } = looked;
  const folder = mkdtempSync(join(tmpdir(), "agent-bridge-look-"));
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const calls = new PluginCalls();
  started.use(divertOutput(silentLogger, calls));
  try {
    const { plugins, findings } = await lookAtPlugins({
      loaded,
      places: {
        configFolder: options.paths.configFolder,
        resolveFrom: [...(options.resolveFrom ?? []), import.meta.url],
      },
      folder,
      context: { clock: systemClock(), random: systemRandom, logger: silentLogger },
      env: options.env ?? process.env,
      secrets,
      calls,
    });
    for (const part of [...plugins.runners, ...plugins.channels])
      started.defer(async () => await part.dispose?.());
    const missing = findings.map(({ path, message }) => `${path} ${message}`);
    const routes = reviewRoutes(loaded, plugins, missing);
    const all = [...findings, ...routes.findings];
    return inspection({ loaded, plugins, routes, findings: all, secrets }, started);
  } catch (error) {
    if (!isBridgeError(error)) throw error;
    const place = loaded.document.placeOf(["plugins"]);
    const findings = [{ path: "plugins", place, message: describeError(error) }];
    return inspection({ loaded, plugins: null, routes: null, findings, secrets }, started);
  }
}

function inspection(
  parts: Omit<ConfigInspection, typeof Symbol.asyncDispose>,
  started: AsyncDisposableStack,
): ConfigInspection {
  const held = started.move();
  const redactor = createLogRedactor(parts.secrets);
  // A plugin's own words may quote what it was given.
  const findings = parts.findings.map((each) => ({
    ...each,
    message: redactor.text(each.message),
  }));
  return { ...parts, findings, [Symbol.asyncDispose]: async () => await held.disposeAsync() };
}
