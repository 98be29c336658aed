import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  BridgeError,
  promptKind,
  type Channel,
  type Kind,
  type Plugin,
  type PluginContext,
  type PluginParts,
  type Runner,
} from "@agent-bridge/core";
import { formatPath, configError, type Finding } from "../config/finding.ts";
import type { LoadedConfig } from "../config/read-config.ts";
import { schemaFindings } from "../config/schema-findings.ts";
import { checkValue } from "../config/sentences.ts";
import { resolveSecrets } from "../config/secrets.ts";
import { ensurePrivateFolder } from "../private-files.ts";
import { importPlugin, pluginFailure } from "./import-plugin.ts";
import type { PluginReport } from "./plugin-report.ts";
import { isPluginSpecifier, type PluginPlaces } from "./resolve-plugin.ts";

/** What all plugins together add, and how each fares. */
export interface LoadedPlugins {
  readonly kinds: readonly Kind[];
  readonly runners: readonly Runner[];
  readonly channels: readonly Channel[];
  readonly reports: readonly PluginReport[];
}

export interface PluginLoading {
  readonly loaded: LoadedConfig;
  readonly places: PluginPlaces;
  /** Plugins' own folders are made in it. */
  readonly folder: string;
  readonly context: Omit<PluginContext, "folder">;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolved secrets are added to it. */
  readonly secrets: Set<string>;
}

interface Ready {
  readonly specifier: string;
  readonly plugin: Plugin;
  readonly options: unknown;
}

/**
 * Imports the plugins of the configuration and makes their parts. One that throws or asks for another
 * API is quarantined and the others go on; what only the configuration's owner can mend is refused.
 *
 * @throws BridgeError CONFIG_INVALID with every finding: a plugin that is not installed, options that it
 *   does not take, a secret that can not be read
 * @throws BridgeError KIND_DUPLICATE naming the two plugins
 */
export async function loadPlugins(loading: PluginLoading): Promise<LoadedPlugins> {
  const findings: Finding[] = [];
  const outcomes: (Ready | PluginReport)[] = [];
  for (const specifier of Object.keys(loading.loaded.config.plugins)) {
    const outcome = await prepare(specifier, loading, findings);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  if (findings.length > 0) throw configError(loading.loaded.file, findings);
  refuseDuplicateKinds(outcomes.filter((outcome) => "plugin" in outcome));
  const made = outcomes.map((outcome) =>
    "plugin" in outcome ? create(outcome, loading) : outcome,
  );
  const parts = made.flatMap((each) => ("parts" in each ? [each] : []));
  return {
    kinds: parts.flatMap(({ plugin }) => plugin.kinds),
    runners: parts.flatMap((each) => each.parts.runners ?? []),
    channels: parts.flatMap((each) => each.parts.channels ?? []),
    reports: made.map((each) => ("parts" in each ? each.report : each)),
  };
}

async function prepare(
  specifier: string,
  loading: PluginLoading,
  findings: Finding[],
): Promise<Ready | PluginReport | undefined> {
  const { document, config } = loading.loaded;
  const at = ["plugins", specifier];
  const find = (inner: readonly (string | number)[], message: string): void => {
    const path = [...at, ...inner];
    findings.push({ path: formatPath(path), place: document.placeOf(path), message });
  };
  if (!isPluginSpecifier(specifier)) {
    find([], "is neither a package's name nor a path that begins with / or ./.");
    return undefined;
  }
  const imported = await importPlugin(specifier, loading.places);
  if ("isMissing" in imported) {
    find(
      [],
      `is not installed. \`npm install --prefix ${loading.places.configFolder} --ignore-scripts ${specifier}\` installs it.`,
    );
    return undefined;
  }
  if ("refused" in imported) return quarantined(specifier, imported.refused, imported);
  const { plugin } = imported;
  const resolved = resolveSecrets(config.plugins[specifier] ?? {}, loading.env);
  for (const secret of resolved.secrets) loading.secrets.add(secret);
  for (const { path, message } of resolved.problems) find(path, message);
  if (resolved.problems.length > 0) return undefined;
  try {
    const checked = checkValue(plugin.options, resolved.value);
    if (checked.success) return { specifier, plugin, options: checked.data };
    findings.push(...schemaFindings(checked.error, { schema: plugin.options, document, at }));
    return undefined;
  } catch (error) {
    return quarantined(specifier, pluginFailure(specifier, error), plugin);
  }
}

function create(
  { specifier, plugin, options }: Ready,
  { folder, context }: PluginLoading,
):
  | PluginReport
  | { readonly plugin: Plugin; readonly parts: PluginParts; readonly report: PluginReport } {
  const { name, version } = plugin;
  try {
    const own = join(folder, folderName(specifier));
    ensurePrivateFolder(own);
    const parts = plugin.create(options, { ...context, folder: own });
    return {
      plugin,
      parts: { runners: [...(parts.runners ?? [])], channels: [...(parts.channels ?? [])] },
      report: { specifier, name, version, state: "loaded", reason: null },
    };
  } catch (error) {
    return quarantined(specifier, pluginFailure(specifier, error), plugin);
  }
}

function quarantined(
  specifier: string,
  error: BridgeError,
  { name, version }: { readonly name: string | null; readonly version: string | null },
): PluginReport {
  return { specifier, name, version, state: "quarantined", reason: error.message };
}

function refuseDuplicateKinds(plugins: readonly Ready[]): void {
  const owners = new Map([[promptKind.name, "agent-bridge itself"]]);
  for (const { specifier, plugin } of plugins) {
    for (const { name: kind } of plugin.kinds) {
      const first = owners.get(kind);
      if (first !== undefined) {
        throw new BridgeError("KIND_DUPLICATE", { kind, first, second: specifier });
      }
      owners.set(kind, specifier);
    }
  }
}

/** A readable folder for a package; a path would be too long and not stable in parts. */
function folderName(specifier: string): string {
  if (!specifier.startsWith("/") && !specifier.startsWith(".")) return specifier.replace("/", "+");
  return `path-${createHash("sha256").update(specifier).digest("hex").slice(0, 16)}`;
}
