import type { RouteInput } from "@agent-bridge/core";
import { toWireError, type PluginDescription } from "@agent-bridge/host";
import { plainLine } from "./plain-text.ts";

/** A plugin's description as `--json` shows it. */
export function pluginJson({ refused, ...description }: PluginDescription): object {
  return { ...description, refused: refused === null ? null : toWireError(refused) };
}

/** What a plugin's package says that it declares, in one line. */
export function declaredText({ manifest }: PluginDescription): string {
  if (manifest === null) return "its package does not say";
  const parts = (["kinds", "runners", "channels", "surfaces"] as const)
    .filter((what) => manifest[what].length > 0)
    .map((what) => `${what} ${manifest[what].join(", ")}`);
  return plainLine(parts.length === 0 ? "nothing" : parts.join("; "), 500);
}

export function pluginFacts(found: PluginDescription): readonly (readonly [string, string])[] {
  const { specifier, name, version, description, from, manifest, refused } = found;
  const origins = {
    config: "installed beside the configuration",
    host: "comes with agent-bridge",
    path: "by its path",
  };
  return [
    ["plugin", plainLine(`${name ?? specifier} ${version ?? ""}`)],
    ...(description === null ? [] : [["about", plainLine(description, 500)] as const]),
    ["found", origins[from]],
    ["declares", declaredText(found)],
    ...(manifest === null ? [] : [["api", plainLine(String(manifest.api))] as const]),
    ...(refused === null ? [] : [["QUARANTINED", plainLine(refused.message, 500)] as const]),
  ];
}

/** Routes to copy from, a line each. */
export function routeLines(routes: readonly RouteInput[]): readonly string[] {
  return routes.map((route) => `    ${plainLine(`${JSON.stringify(route)},`, 2000)}`);
}
