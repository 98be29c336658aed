import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BridgeError, describeError, routeSchema, type RouteInput } from "@agent-bridge/core";
import * as z from "zod";

/** A `package.json` is at most this long; a longer one is something else. */
const maxManifestBytes = 1024 * 1024;

const api = z.union([z.int(), z.string().min(1)]);
const names = z.array(z.string().min(1)).default([]);
const exampleRoute = z.custom<RouteInput>(
  (route) => routeSchema.safeParse(route).success,
  "is not a route",
);

/**
 * What a plugin's `package.json` says of it under `agentBridge`, to be read without running the plugin.
 * Keys of later versions are let by.
 */
const manifestSchema = z.object({
  /** The versions of the contracts that it works with, see `ApiRange`. */
  api,
  kinds: names,
  runners: names,
  /** A name that the options decide about is written with `*` for any text: `"molecule:*"`. */
  channels: names,
  surfaces: names,
  tools: names,
  /** Shown, never active. */
  exampleRoutes: z.array(exampleRoute).default([]),
});

/** What a plugin declares, as its package says. */
export type PluginManifest = Readonly<z.output<typeof manifestSchema>>;

/** A package as its `package.json` describes it. */
export interface PackageFacts {
  readonly name: string | null;
  readonly version: string | null;
  readonly description: string | null;
  /** The packages that it depends on. */
  readonly dependencies: readonly string[];
  /** What stands under `agentBridge`, not yet parsed; undefined where there is nothing. */
  readonly declared: unknown;
}

const packageSchema = z.object({
  name: z.string().nullable().catch(null),
  version: z.string().nullable().catch(null),
  description: z.string().nullable().catch(null),
  dependencies: z.record(z.string(), z.unknown()).catch({}),
  agentBridge: z.unknown().optional(),
});

/** Reads the `package.json` of a folder. @throws Error when it can not be read */
export function readPackage(folder: string): PackageFacts {
  const file = join(folder, "package.json");
  const text = readFileSync(file, "utf8");
  if (text.length > maxManifestBytes) throw new Error(`${file} is too long.`);
  const { dependencies, agentBridge, ...facts } = packageSchema.parse(JSON.parse(text));
  return { ...facts, dependencies: Object.keys(dependencies), declared: agentBridge };
}

/**
 * Parses what a package says of its plugin. The API comes first: what it does not fit is not read further.
 *
 * @param accepts whether the host takes this range
 * @throws BridgeError PLUGIN_API, PLUGIN_FAILED
 */
export function parseManifest(
  plugin: string,
  declared: unknown,
  accepts: (wanted: z.output<typeof api> | undefined) => void,
): PluginManifest {
  const wanted = z.object({ api: api.optional().catch(undefined) }).safeParse(declared);
  if (wanted.success) accepts(wanted.data.api);
  const parsed = manifestSchema.safeParse(declared);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = ["agentBridge", ...(issue?.path ?? [])].map(String).join(".");
  const detail = `its package.json is wrong at ${path}: ${issue?.message ?? describeError(parsed.error)}.`;
  throw new BridgeError("PLUGIN_FAILED", { plugin, detail });
}

/** True where one of the declared names, in which `*` is any text, is this one. */
export function isDeclared(name: string, declared: readonly string[]): boolean {
  return declared.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
  });
}
