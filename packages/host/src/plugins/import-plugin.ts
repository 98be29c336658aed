import { BridgeError, describeError, pluginApi, type Plugin } from "@agent-bridge/core";
import * as z from "zod";
import { resolvePlugin, type PluginPlaces } from "./resolve-plugin.ts";

const isSchema = (value: unknown): boolean =>
  typeof (value as { safeParse?: unknown } | null)?.safeParse === "function";

/** What every plugin's object must have before anything of it is called; the API's number comes first. */
const pluginShape = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  options: z.custom<unknown>(isSchema, "is not a zod schema"),
  kinds: z.array(z.custom<unknown>((kind) => isSchema((kind as { schema?: unknown }).schema))),
  create: z.custom<unknown>((value) => typeof value === "function", "is not a function"),
});

/** What an import gave: the plugin, why it is not used, or nothing. */
export type ImportedPlugin =
  | { readonly plugin: Plugin }
  | {
      readonly refused: BridgeError;
      readonly name: string | null;
      readonly version: string | null;
    }
  | { readonly isMissing: true };

/** Imports a plugin and checks what it is. Never throws for what the plugin does. */
export async function importPlugin(
  specifier: string,
  places: PluginPlaces,
): Promise<ImportedPlugin> {
  let exported: unknown;
  try {
    const url = resolvePlugin(specifier, places);
    if (url === undefined) return { isMissing: true };
    exported = ((await import(/* @vite-ignore */ url)) as { default?: unknown }).default;
  } catch (error) {
    return refuse(specifier, undefined, pluginFailure(specifier, error));
  }
  if (exported === null || typeof exported !== "object") {
    return refuse(
      specifier,
      undefined,
      pluginFailure(specifier, "its default export is no plugin"),
    );
  }
  const { api } = exported as { api?: unknown };
  if (api !== pluginApi) {
    const wanted = typeof api === "number" ? String(api) : "none";
    const data = { plugin: specifier, wanted, offered: String(pluginApi) };
    return refuse(specifier, exported, new BridgeError("PLUGIN_API", data));
  }
  const checked = pluginShape.safeParse(exported);
  if (checked.success) return { plugin: exported as Plugin };
  const [issue] = checked.error.issues;
  const detail = `${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`;
  return refuse(specifier, exported, pluginFailure(specifier, detail));
}

/** A plugin's failure, told once with its cause. */
export function pluginFailure(plugin: string, error: unknown): BridgeError {
  const detail = describeError(error);
  return new BridgeError("PLUGIN_FAILED", { plugin, detail }, { cause: error });
}

function refuse(specifier: string, exported: unknown, refused: BridgeError): ImportedPlugin {
  const { name, version } = (exported ?? {}) as { name?: unknown; version?: unknown };
  return {
    refused,
    name: typeof name === "string" ? name : null,
    version: typeof version === "string" ? version : null,
  };
}
