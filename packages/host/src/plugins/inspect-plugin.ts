import { BridgeError, isBridgeError, type Logger, type RouteInput } from "@agent-bridge/core";
import * as z from "zod";
import { importPlugin } from "./import-plugin.ts";
import { PluginCalls } from "./plugin-calls.ts";
import { describePlugin, type PluginDescription } from "./plugin-description.ts";
import { divertOutput } from "./plugin-output.ts";
import type { PluginPlaces } from "./resolve-plugin.ts";

/** A schema as JSON Schema; null where it can not be written as one. */
type JsonSchema = Readonly<Record<string, unknown>> | null;

/** What a plugin's code declares. */
export interface PluginDeclaration {
  readonly options: JsonSchema;
  readonly kinds: readonly {
    readonly name: string;
    readonly description: string;
    readonly schema: JsonSchema;
  }[];
  readonly exampleRoutes: readonly RouteInput[];
}

export interface InspectedPlugin extends PluginDescription {
  /** Null where it was not run, or could not be. */
  readonly declaration: PluginDeclaration | null;
}

/**
 * Describes a plugin; with `run` its code is loaded as well, and says what it declares. Nothing is made of
 * it: `create` is not called.
 *
 * @throws BridgeError PLUGIN_NOT_FOUND when it is not installed
 */
export async function inspectPlugin(
  specifier: string,
  of: { readonly places: PluginPlaces; readonly run: boolean; readonly logger: Logger },
): Promise<InspectedPlugin> {
  const { places, run, logger } = of;
  const described = describePlugin(specifier, places);
  if (described === undefined) {
    const own = `@agent-bridge/plugin-${specifier}`;
    const detail =
      describePlugin(own, places) === undefined
        ? `it is not installed. \`agent-bridge plugin add ${specifier}\` installs it, \`agent-bridge plugin list\` shows what is.`
        : `a plugin is named by its package: here that is "${own}".`;
    throw new BridgeError("PLUGIN_NOT_FOUND", { plugin: specifier, detail });
  }
  if (!run || described.refused !== null) return { ...described, declaration: null };
  const calls = new PluginCalls();
  using _diverted = divertOutput(logger, calls);
  const imported = await importPlugin(specifier, { places, calls });
  if (!("plugin" in imported)) {
    const refused = "refused" in imported ? imported.refused : null;
    return { ...described, refused, declaration: null };
  }
  const { name, version, options, kinds, exampleRoutes = [] } = imported.plugin;
  return {
    ...described,
    name: described.name ?? name,
    version: described.version ?? version,
    declaration: {
      options: jsonSchemaOf(options),
      kinds: kinds.map((kind) => ({
        name: kind.name,
        description: kind.description,
        schema: jsonSchemaOf(kind.schema),
      })),
      exampleRoutes,
    },
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  try {
    return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  } catch (error) {
    // A schema of another zod, or one with code that throws: it still works, but can not be shown.
    if (isBridgeError(error)) throw error;
    return null;
  }
}
