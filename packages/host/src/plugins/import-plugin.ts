import { setTimeout as sleep } from "node:timers/promises";
import {
  BridgeError,
  describeError,
  isBridgeError,
  type Kind,
  type Plugin,
} from "@agent-bridge/core";
import * as z from "zod";
import { offerPeerPackages } from "./peer-packages.ts";
import { requireApi } from "./plugin-api.ts";
import type { PluginCalls } from "./plugin-calls.ts";
import { parseManifest, readPackage, type PluginManifest } from "./plugin-manifest.ts";
import { entryOf, locatePlugin, type PluginPlace, type PluginPlaces } from "./resolve-plugin.ts";

/** How long a plugin may take to load where nothing else is said. */
const defaultImportMs = 30_000;

const isSchema = (value: unknown): boolean =>
  typeof (value as { safeParse?: unknown } | null)?.safeParse === "function";
const schema = z.custom<z.ZodType>(isSchema, "is not a zod schema");
const callable = z.custom<unknown>((value) => typeof value === "function", "is not a function");

const kindShape = z.object({
  name: z.string().min(1),
  description: z.string(),
  schema,
  sender: callable,
  conversation: callable,
  prompt: callable,
  destination: callable,
});

/** What every plugin's object must have before anything of it is called. */
const pluginShape = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  options: schema,
  // The kind itself is kept, not a copy: its functions may use `this`.
  kinds: z.array(
    z.custom<Kind>().superRefine((kind, context) => {
      const [issue] = kindShape.safeParse(kind).error?.issues ?? [];
      if (issue === undefined) return;
      context.addIssue({ code: "custom", path: issue.path, message: issue.message });
    }),
  ),
  create: callable,
  exampleRoutes: z.array(z.custom<NonNullable<Plugin["exampleRoutes"]>[number]>()).default([]),
});

/** What an import gave: the plugin, why it is not used, or nothing. */
export type ImportedPlugin =
  | { readonly plugin: Plugin; readonly manifest: PluginManifest | null }
  | {
      readonly refused: BridgeError;
      readonly name: string | null;
      readonly version: string | null;
    }
  | { readonly isMissing: true };

/**
 * Imports a plugin and checks what it is. Nothing of it runs when its package asks for another API. Never
 * throws for what the plugin does.
 */
export async function importPlugin(
  specifier: string,
  of: {
    readonly places: PluginPlaces;
    readonly calls: PluginCalls;
    /** How long it may take to load. Default: 30 s. */
    readonly importMs?: number;
  },
): Promise<ImportedPlugin> {
  const { places, calls, importMs = defaultImportMs } = of;
  const known: Known = { name: null, version: null };
  try {
    const place = locatePlugin(specifier, places);
    if (place === undefined) return { isMissing: true };
    const manifest = manifestOf(specifier, place, known);
    const call = { plugin: specifier, what: "import" };
    const exported = await calls.enter(call, async () => await defaultExport(place, importMs));
    return { plugin: pluginOf(specifier, exported, known), manifest };
  } catch (error) {
    const refused = isBridgeError(error, "PLUGIN_API", "PLUGIN_FAILED")
      ? error
      : pluginFailure(specifier, error);
    return { refused, ...known };
  }
}

/** A plugin's failure, told once with its cause. */
export function pluginFailure(plugin: string, error: unknown): BridgeError {
  const detail = describeError(error);
  return new BridgeError("PLUGIN_FAILED", { plugin, detail }, { cause: error });
}

/** What could be read of a plugin, filled in as it becomes known. */
interface Known {
  name: string | null;
  version: string | null;
}

/** @returns null for a file, and for a package that says nothing of itself */
function manifestOf(specifier: string, place: PluginPlace, known: Known): PluginManifest | null {
  if ("file" in place) return null;
  const { name, version, declared } = readPackage(place.folder);
  Object.assign(known, { name, version });
  if (declared === undefined) return null;
  return parseManifest(specifier, declared, (wanted) => requireApi(specifier, wanted));
}

async function defaultExport(place: PluginPlace, importMs: number): Promise<unknown> {
  offerPeerPackages();
  const url = entryOf(place);
  const over = new AbortController();
  try {
    const late = async (): Promise<never> => {
      await sleep(importMs, undefined, { signal: over.signal });
      throw new Error(`it was not loaded within ${importMs} ms`);
    };
    const loaded = import(/* @vite-ignore */ url) as Promise<{ default?: unknown }>;
    return (await Promise.race([loaded, late()])).default;
  } finally {
    over.abort();
  }
}

/** Reads the declaration once: what a plugin's own properties do later changes nothing. */
function pluginOf(specifier: string, exported: unknown, known: Known): Plugin {
  if (exported === null || typeof exported !== "object") {
    throw pluginFailure(specifier, "its default export is no plugin");
  }
  const { name, version, api } = exported as Record<string, unknown>;
  if (typeof name === "string") known.name = name;
  if (typeof version === "string") known.version = version;
  requireApi(specifier, api);
  const checked = pluginShape.safeParse(exported);
  if (checked.success) {
    const { create, ...data } = checked.data;
    return {
      ...data,
      api: api as Plugin["api"],
      create: (...args) => (create as Plugin["create"]).apply(exported as Plugin, args),
    };
  }
  const [issue] = checked.error.issues;
  throw pluginFailure(
    specifier,
    `${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
  );
}
