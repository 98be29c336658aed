import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  BridgeError,
  promptKind,
  type Channel,
  type Kind,
  type OfferedTool,
  type Plugin,
  type PluginContext,
  type Runner,
  type Surface,
} from "@agent-bridge/core";
import { configError, type Finding } from "../config/finding.ts";
import { findingAt, type LoadedConfig } from "../config/read-config.ts";
import { schemaFindings } from "../config/schema-findings.ts";
import { checkValue } from "../config/sentences.ts";
import { resolveSecrets } from "../config/secrets.ts";
import { ensurePrivateFolder } from "../private-files.ts";
import { contained } from "./contained.ts";
import { importPlugin, pluginFailure } from "./import-plugin.ts";
import { checkParts, requireDeclared } from "./made-parts.ts";
import type { PluginCalls } from "./plugin-calls.ts";
import type { PluginManifest } from "./plugin-manifest.ts";
import type { PluginReport } from "./plugin-report.ts";
import { isPath, isPluginSpecifier, type PluginPlaces } from "./resolve-plugin.ts";

/** What all plugins together add, and how each fares. */
export interface LoadedPlugins {
  readonly kinds: readonly Kind[];
  readonly runners: readonly Runner[];
  readonly channels: readonly Channel[];
  readonly surfaces: readonly Surface[];
  readonly reports: readonly PluginReport[];
  /** The declarations of those that are loaded, by how they stand in the configuration. */
  readonly declared: ReadonlyMap<string, Plugin>;
  /** By a runner's name: the plugin that brought it, as it stands in the configuration. */
  readonly runnerOwners: ReadonlyMap<string, string>;
}

export interface PluginLoading {
  readonly loaded: LoadedConfig;
  readonly places: PluginPlaces;
  /** Plugins' own folders are made in it. */
  readonly folder: string;
  readonly context: Omit<PluginContext, "folder" | "tools">;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolved secrets are added to it. */
  readonly secrets: Set<string>;
  /** Through it all code of plugins is called. */
  readonly calls: PluginCalls;
}

interface Ready {
  readonly specifier: string;
  readonly plugin: Plugin;
  readonly manifest: PluginManifest | null;
  readonly options: unknown;
}

interface Made {
  readonly specifier: string;
  readonly plugin: Plugin;
  readonly kinds: readonly Kind[];
  readonly runners: readonly Runner[];
  readonly channels: readonly Channel[];
  readonly surfaces: readonly Surface[];
  readonly tools: readonly OfferedTool[];
  readonly report: PluginReport;
}

/**
 * Imports the plugins of the configuration and makes their parts. One that throws or asks for another
 * API is quarantined and the others go on; what only the configuration's owner can mend is refused.
 *
 * @throws BridgeError CONFIG_INVALID with every finding: a plugin that is not installed, options that it
 *   does not take, a secret that can not be read
 * @throws BridgeError KIND_DUPLICATE, NAME_DUPLICATE naming the two plugins
 */
export async function loadPlugins(loading: PluginLoading): Promise<LoadedPlugins> {
  const findings: Finding[] = [];
  const outcomes = await prepareAll(loading, findings);
  if (findings.length > 0) throw configError(loading.loaded.file, findings);
  return makeAll(outcomes, loading);
}

/**
 * The same for who only looks: what can be loaded is, and the findings are given back with it.
 *
 * @throws BridgeError KIND_DUPLICATE, NAME_DUPLICATE naming the two plugins
 */
export async function lookAtPlugins(
  loading: PluginLoading,
): Promise<{ readonly plugins: LoadedPlugins; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const outcomes = await prepareAll(loading, findings);
  return { plugins: makeAll(outcomes, loading), findings };
}

async function prepareAll(
  loading: PluginLoading,
  findings: Finding[],
): Promise<readonly (Ready | PluginReport)[]> {
  const outcomes: (Ready | PluginReport)[] = [];
  for (const specifier of Object.keys(loading.loaded.config.plugins)) {
    const outcome = await prepare(specifier, loading, findings);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  return outcomes;
}

function makeAll(
  outcomes: readonly (Ready | PluginReport)[],
  loading: PluginLoading,
): LoadedPlugins {
  refuseDuplicateKinds(outcomes.filter((outcome) => "plugin" in outcome));
  const offered: OfferedTool[] = [];
  const made = outcomes.map((outcome) =>
    "plugin" in outcome ? create(outcome, { ...loading, offered }) : outcome,
  );
  const parts = made.filter((each) => "plugin" in each);
  offered.push(...parts.flatMap(({ tools }) => tools));
  refuseDuplicateParts(parts, "runners");
  refuseDuplicateParts(parts, "channels");
  refuseDuplicateParts(parts, "surfaces");
  return {
    kinds: parts.flatMap(({ kinds }) => kinds),
    runners: parts.flatMap(({ runners }) => runners),
    channels: parts.flatMap(({ channels }) => channels),
    surfaces: parts.flatMap(({ surfaces }) => surfaces),
    reports: made.map((each) => ("plugin" in each ? each.report : each)),
    declared: new Map(parts.map(({ specifier, plugin }) => [specifier, plugin])),
    runnerOwners: new Map(
      parts.flatMap(({ specifier, runners }) => runners.map(({ name }) => [name, specifier])),
    ),
  };
}

async function prepare(
  specifier: string,
  loading: PluginLoading,
  findings: Finding[],
): Promise<Ready | PluginReport | undefined> {
  if (!isPluginSpecifier(specifier)) {
    const message = "is neither a package's name nor a path that begins with / or ./.";
    findings.push(findingAt(loading.loaded, ["plugins", specifier], message));
    return undefined;
  }
  const imported = await importPlugin(specifier, loading);
  if ("isMissing" in imported) {
    findings.push(missingFinding(loading.loaded, specifier));
    return undefined;
  }
  if ("refused" in imported) return quarantined(specifier, imported.refused, imported);
  const { plugin, manifest } = imported;
  try {
    const checked = checkOptions(specifier, { ...loading, plugin });
    for (const secret of checked.secrets) loading.secrets.add(secret);
    findings.push(...checked.findings);
    if (checked.findings.length > 0) return undefined;
    return { specifier, plugin, manifest, options: checked.options };
  } catch (error) {
    return quarantined(specifier, pluginFailure(specifier, error), plugin);
  }
}

/** What is checked of a plugin that is imported. */
export interface OptionsCheck extends Pick<PluginLoading, "loaded" | "env" | "calls"> {
  readonly plugin: Plugin;
}

/**
 * Checks the options that a configuration gives a plugin, with its secrets put in.
 *
 * @throws what the plugin's schema throws
 */
export function checkOptions(
  specifier: string,
  { plugin, loaded, env, calls }: OptionsCheck,
): {
  readonly options: unknown;
  readonly secrets: readonly string[];
  readonly findings: readonly Finding[];
} {
  const { config, document } = loaded;
  const at = ["plugins", specifier];
  const { value, secrets, problems } = resolveSecrets(config.plugins[specifier] ?? {}, env);
  if (problems.length > 0) {
    const findings = problems.map(({ path, message }) =>
      findingAt(loaded, [...at, ...path], message),
    );
    return { options: undefined, secrets, findings };
  }
  const call = { plugin: specifier, what: "options" };
  const checked = calls.enter(call, () => checkValue(plugin.options, value));
  if (checked.success) return { options: checked.data, secrets, findings: [] };
  const findings = schemaFindings(checked.error, { schema: plugin.options, document, at });
  return { options: undefined, secrets, findings };
}

/** A finding about a plugin that is not there. */
export function missingFinding(loaded: LoadedConfig, specifier: string): Finding {
  const message = isPath(specifier)
    ? "is not there."
    : `is not installed. \`agent-bridge plugin add ${specifier}\` installs it.`;
  return findingAt(loaded, ["plugins", specifier], message);
}

function create(
  { specifier, plugin, manifest, options }: Ready,
  { folder, context, calls, offered }: PluginLoading & { readonly offered: OfferedTool[] },
): PluginReport | Made {
  const { name, version } = plugin;
  try {
    const own = join(folder, folderName(specifier));
    ensurePrivateFolder(own);
    const parts = calls.enter({ plugin: specifier, what: "create" }, () =>
      checkParts(plugin.create(options, { ...context, folder: own, tools: () => offered })),
    );
    requireDeclared(manifest, { plugin, parts });
    const of = { plugin: specifier, calls };
    return {
      specifier,
      plugin,
      kinds: plugin.kinds.map((kind) => contained(kind, { ...of, is: "kind" })),
      runners: parts.runners.map((runner) => contained(runner, { ...of, is: "runner" })),
      channels: parts.channels.map((channel) => contained(channel, { ...of, is: "channel" })),
      surfaces: parts.surfaces.map((surface) => contained(surface, { ...of, is: "surface" })),
      tools: parts.tools.map((tool) => ({
        plugin: name,
        tool: contained(tool, { ...of, is: "tool" }),
      })),
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

function refuseDuplicateParts(
  made: readonly Made[],
  what: "runners" | "channels" | "surfaces",
): void {
  const owners = new Map<string, string>();
  for (const { specifier, ...parts } of made) {
    for (const { name } of parts[what]) {
      const first = owners.get(name);
      if (first !== undefined) {
        throw new BridgeError("NAME_DUPLICATE", { what, name, owners: [first, specifier] });
      }
      owners.set(name, specifier);
    }
  }
}

/** A readable folder for a package; a path would be too long and not stable in parts. */
function folderName(specifier: string): string {
  if (!specifier.startsWith("/") && !specifier.startsWith(".")) return specifier.replace("/", "+");
  return `path-${createHash("sha256").update(specifier).digest("hex").slice(0, 16)}`;
}
