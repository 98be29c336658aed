import { defaultLimits, type Json, type Plugin, type Runner } from "@agent-bridge/core";
import type * as z from "zod";
import { configSchema } from "./config-schema.ts";
import { jsonSchemaOf, type JsonSchema } from "./json-schema.ts";
import { keyDescriptions } from "./key-descriptions.ts";

/** What is known of the plugins of a configuration. */
export interface SchemaParts {
  /** By how they stand in the configuration. */
  readonly plugins: ReadonlyMap<string, Plugin>;
  readonly runners: readonly Runner[];
}

/** A schema that stands within another: its own definitions move to those of the whole. */
class Embedding {
  readonly defs: Record<string, JsonSchema> = {};

  embed(schema: z.ZodType, name: string): JsonSchema {
    const { $defs = {}, $schema: _, ...own } = jsonSchemaOf(schema) ?? {};
    const moved = (key: string): string => `${name}.${key}`;
    const rename = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(rename);
      if (typeof value !== "object" || value === null) return value;
      const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
        if (key !== "$ref" || typeof inner !== "string") return [key, rename(inner)];
        if (inner === "#") return [key, `#/$defs/${name}`];
        return [
          key,
          inner.replace(/^#\/\$defs\/(.*)$/, (_found, def: string) => pointer(moved(def))),
        ];
      });
      return Object.fromEntries(entries);
    };
    for (const [key, def] of Object.entries($defs))
      this.defs[moved(key)] = rename(def) as JsonSchema;
    const renamed = rename(own) as JsonSchema;
    // Where it refers to itself as a whole, that is no longer the document.
    if (JSON.stringify(own).includes('"$ref":"#"')) this.defs[name] = renamed;
    return renamed;
  }
}

function pointer(name: string): string {
  return `#/$defs/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A reference in the place of a value: a secret's text is never in the file. */
const reference: JsonSchema = {
  type: "object",
  description: "A secret: a variable of the environment, or a file that holds it.",
  oneOf: ["$env", "$file"].map((name) => ({
    properties: { [name]: { type: "string" } },
    required: [name],
    additionalProperties: false,
  })),
};

/** A plugin's options as they may be written: every text may be a reference. */
function withReferences(schema: JsonSchema): JsonSchema {
  const inner = Object.entries(schema.properties ?? {}).map(([key, value]) => [
    key,
    value.type === "string" ? { anyOf: [value, reference] } : withReferences(value),
  ]);
  const { items } = schema;
  return {
    ...schema,
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(inner) as Record<string, JsonSchema> }),
    ...(typeof items === "object" ? { items: withReferences(items) } : {}),
  };
}

/** The same schema in which every key says what it is. */
function withDescriptions(schema: JsonSchema, path: string): JsonSchema {
  const { properties, items, anyOf, oneOf } = schema;
  const inner = Object.entries(properties ?? {}).map(([key, value]) => {
    const place = path === "" ? key : `${path}.${key}`;
    const description = keyDescriptions[place];
    const told = description === undefined ? {} : { description };
    return [key, { ...told, ...withDescriptions(value, place) }];
  });
  const each = (choices: readonly JsonSchema[]): readonly JsonSchema[] =>
    choices.map((choice) => withDescriptions(choice, path));
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(inner) as Record<string, JsonSchema> }),
    ...(typeof items === "object" ? { items: withDescriptions(items, `${path}[]`) } : {}),
    ...(anyOf === undefined ? {} : { anyOf: each(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: each(oneOf) }),
  };
}

function withDefaults(
  schema: JsonSchema | undefined,
  defaults: Readonly<Record<string, Json | object>>,
): JsonSchema {
  const properties = Object.entries(schema?.properties ?? {}).map(([key, shape]) => {
    const value = defaults[key];
    if (value === undefined) return [key, shape];
    if (typeof value !== "object") return [key, { ...shape, default: value }];
    return [key, { ...withDefaults(shape, value as Record<string, Json>), default: {} }];
  });
  return { ...schema, properties: Object.fromEntries(properties) as Record<string, JsonSchema> };
}

function routesWith(
  schema: JsonSchema,
  runners: readonly Runner[],
  embedding: Embedding,
): JsonSchema {
  const item = typeof schema.items === "object" ? schema.items : {};
  const options = runners.map(({ name, options: own }) => ({
    if: { properties: { runner: { const: name } }, required: ["runner"] },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's own word
    then: { properties: { options: embedding.embed(own, `runner.${name}`) } },
  }));
  const known = (key: string, names: readonly string[]): Record<string, JsonSchema> => ({
    [key]: { ...item.properties?.[key], examples: names },
  });
  const properties = {
    ...item.properties,
    ...known(
      "runner",
      runners.map(({ name }) => name),
    ),
  };
  return {
    ...schema,
    items: { ...item, properties, ...(options.length > 0 ? { allOf: options } : {}) },
  };
}

/**
 * The JSON Schema of the configuration file, with the options of these plugins and runners: for editors, by
 * `$schema`. The same parts give the same text.
 */
export function configJsonSchema({ plugins, runners }: SchemaParts): JsonSchema {
  const embedding = new Embedding();
  const { $schema = "", ...written } = jsonSchemaOf(configSchema) ?? {};
  const base = withDescriptions(written, "");
  const { properties = {}, $defs } = base;
  const own = [...plugins].map(([specifier, { options }]) => [
    specifier,
    withReferences(embedding.embed(options, `plugin.${specifier}`)),
  ]);
  return {
    $schema,
    title: "The configuration of agent-bridge",
    ...base,
    properties: {
      ...properties,
      plugins: {
        ...properties["plugins"],
        properties: Object.fromEntries(own) as Record<string, JsonSchema>,
      },
      routes: routesWith(properties["routes"] ?? {}, runners, embedding),
      limits: withDefaults(properties["limits"], { ...defaultLimits }),
    },
    $defs: { ...$defs, ...embedding.defs },
  };
}
