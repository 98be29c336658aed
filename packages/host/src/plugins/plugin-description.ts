import { existsSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join, sep } from "node:path";
import { isBridgeError, type BridgeError } from "@agent-bridge/core";
import { pluginFailure } from "./import-plugin.ts";
import { requireApi } from "./plugin-api.ts";
import { parseManifest, readPackage, type PluginManifest } from "./plugin-manifest.ts";
import { isPath, locatePlugin, type PluginPlace, type PluginPlaces } from "./resolve-plugin.ts";

/** What is known of a plugin without running anything of it. */
export interface PluginDescription {
  /** As it stands, or would stand, in the configuration. */
  readonly specifier: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly description: string | null;
  /** Where it was found: installed beside the configuration, among the host's own, or by its path. */
  readonly from: "config" | "host" | "path";
  /** What its package says that it declares; null where it says nothing, or nothing that can be used. */
  readonly manifest: PluginManifest | null;
  /** Why this host can not use it, as far as its package tells. */
  readonly refused: BridgeError | null;
}

/** Describes an installed plugin by its package. @returns undefined when it is not installed */
export function describePlugin(
  specifier: string,
  places: PluginPlaces,
): PluginDescription | undefined {
  const place = locatePlugin(specifier, places);
  if (place === undefined) return undefined;
  const nothing = { name: null, version: null, description: null, manifest: null, refused: null };
  const known = { ...nothing, specifier, from: originOf(specifier, place, places) };
  if ("file" in place) return known;
  try {
    const { declared, name, version, description } = readPackage(place.folder);
    const facts = { ...known, name, version, description };
    return { ...facts, ...manifestOf(specifier, declared) };
  } catch (error) {
    return { ...known, refused: refusalOf(specifier, error) };
  }
}

function manifestOf(
  specifier: string,
  declared: unknown,
): Pick<PluginDescription, "manifest" | "refused"> {
  if (declared === undefined) return { manifest: null, refused: null };
  try {
    const accepts = (wanted: unknown): void => requireApi(specifier, wanted);
    return { manifest: parseManifest(specifier, declared, accepts), refused: null };
  } catch (error) {
    return { manifest: null, refused: refusalOf(specifier, error) };
  }
}

function refusalOf(specifier: string, error: unknown): BridgeError {
  return isBridgeError(error) ? error : pluginFailure(specifier, error);
}

function originOf(
  specifier: string,
  place: PluginPlace,
  { configFolder }: PluginPlaces,
): PluginDescription["from"] {
  if (isPath(specifier) || "file" in place) return "path";
  return place.folder.startsWith(join(configFolder, "node_modules") + sep) ? "config" : "host";
}

/** The plugins that are installed beside the configuration or come with the host, by their names. */
export function installedPlugins(places: PluginPlaces): readonly string[] {
  const hosts = places.resolveFrom
    .map((from) => findPackageJSON(from))
    .filter((file) => file !== undefined)
    .map((file) => dirname(file));
  const names = [places.configFolder, ...hosts].flatMap(dependenciesOf);
  return [...new Set(names)]
    .filter((name) => {
      const found = describePlugin(name, places);
      return found !== undefined && (found.manifest !== null || found.refused !== null);
    })
    .toSorted();
}

function dependenciesOf(folder: string): readonly string[] {
  return existsSync(join(folder, "package.json")) ? readPackage(folder).dependencies : [];
}
