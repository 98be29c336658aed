import type { Json, JsonObject } from "@agent-bridge/core";
import { formatPath } from "./finding.ts";
import type { JsonDocument } from "./json-document.ts";
import type { JsonSchema } from "./json-schema.ts";
import { withoutSecrets } from "./secrets.ts";

type Path = readonly (string | number)[];

/** Where a value of the configuration came from. */
export type ValueOrigin =
  | { readonly type: "file"; readonly line: number; readonly column: number }
  | { readonly type: "default" };

/** One value of the configuration as it is used. */
export interface EffectiveValue {
  /** As `routes[0].from`. */
  readonly path: string;
  /** A text that is a secret by its name is not shown; a reference to one is, as it stands. */
  readonly value: Json;
  readonly origin: ValueOrigin;
}

/** The configuration with its defaults. */
export interface EffectiveConfig {
  readonly config: JsonObject;
  readonly values: readonly EffectiveValue[];
}

interface Walk {
  readonly root: JsonSchema;
  readonly document: JsonDocument;
  readonly values: EffectiveValue[];
}

interface Spot {
  readonly shapes: readonly JsonSchema[];
  readonly path: Path;
  readonly isGiven: boolean;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** True where a value has every constant that an alternative asks for. */
function fits(shape: JsonSchema, value: Json): boolean {
  if (!isObject(value)) return shape.properties === undefined;
  return Object.entries(shape.properties ?? {}).every(
    ([key, inner]) => inner.const === undefined || inner.const === value[key],
  );
}

/** The schemas that say something of a value: through references, alternatives that fit, and conditions. */
function shapesOf(shape: JsonSchema, value: Json, root: JsonSchema): readonly JsonSchema[] {
  const name = shape.$ref?.replace("#/$defs/", "").replaceAll("~1", "/").replaceAll("~0", "~");
  const target = name === undefined ? undefined : root.$defs?.[name];
  const also = [...(shape.anyOf ?? []), ...(shape.oneOf ?? [])].filter((each) => fits(each, value));
  const holding = (shape.allOf ?? []).flatMap(({ if: condition, then, ...rest }) => {
    if (condition === undefined) return [rest];
    return then !== undefined && fits(condition, value) ? [then] : [];
  });
  const inner = [...(target === undefined ? [] : [target]), ...also, ...holding];
  return [shape, ...inner.flatMap((each) => shapesOf(each, value, root))];
}

function childShapes(shapes: readonly JsonSchema[], key: string | number): readonly JsonSchema[] {
  return shapes.flatMap((shape) => {
    if (typeof key === "number") return typeof shape.items === "object" ? [shape.items] : [];
    const own = shape.properties?.[key];
    if (own !== undefined) return [own];
    return typeof shape.additionalProperties === "object" ? [shape.additionalProperties] : [];
  });
}

/** A child's value with its defaults; undefined where there is neither. */
function child(
  walk: Walk,
  parent: { readonly spot: Spot; readonly value: Json | undefined },
  key: string | number,
): Json | undefined {
  const { spot, value } = parent;
  const shapes = childShapes(spot.shapes, key);
  const standard = shapes.find((shape) => shape.default !== undefined)?.default;
  const used = value ?? standard;
  if (used === undefined) return undefined;
  const isGiven = spot.isGiven && value !== undefined;
  return fill(walk, used, { shapes, path: [...spot.path, key], isGiven });
}

const isReference = (value: JsonObject): boolean =>
  Object.keys(value).length === 1 && ("$env" in value || "$file" in value);

function leaf(walk: Walk, value: Json, { path, isGiven }: Spot): Json {
  const name = path.findLast((key) => typeof key === "string");
  const shown = withoutSecrets(value, name);
  const origin: ValueOrigin = isGiven
    ? { type: "file", ...walk.document.placeOf(path) }
    : { type: "default" };
  walk.values.push({ path: formatPath(path), value: shown, origin });
  return shown;
}

function fill(walk: Walk, value: Json, spot: Spot): Json {
  const shapes = spot.shapes.flatMap((shape) => shapesOf(shape, value, walk.root));
  const inner = { ...spot, shapes };
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (!items.some((item) => typeof item === "object")) return leaf(walk, value, spot);
    return items.map((item, at) => child(walk, { spot: inner, value: item }, at) ?? null);
  }
  if (!isObject(value) || isReference(value)) return leaf(walk, value, spot);
  const known = shapes.flatMap((shape) => Object.keys(shape.properties ?? {}));
  const entries = [...new Set([...Object.keys(value), ...known])].flatMap((key) => {
    const filled = child(walk, { spot: inner, value: value[key] }, key);
    return filled === undefined ? [] : [[key, filled] as const];
  });
  if (entries.length === 0) leaf(walk, value, spot);
  return Object.fromEntries(entries);
}

/** Fills in the defaults of a schema, and tells of each value where it came from. */
export function effectiveConfig(document: JsonDocument, schema: JsonSchema): EffectiveConfig {
  const values: EffectiveValue[] = [];
  const walk = { root: schema, document, values };
  const config = fill(walk, document.value, { shapes: [schema], path: [], isGiven: true });
  return { config: config as JsonObject, values };
}
