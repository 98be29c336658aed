import type * as z from "zod";
import { jsonSchemaOf, type JsonSchema } from "./json-schema.ts";

/** The keys that a schema knows for the object at `path`; none where it can not tell. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const root = jsonSchemaOf(schema);
  if (root === undefined) return [];
  let shapes = alternatives(root, root);
  for (const key of path) {
    shapes = shapes.flatMap((shape) => {
      const child = childOf(shape, key);
      return child === undefined ? [] : alternatives(child, root);
    });
  }
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape.properties ?? {})))];
}

function childOf(shape: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  const child =
    typeof key === "number"
      ? shape.items
      : (shape.properties?.[String(key)] ?? shape.additionalProperties);
  return typeof child === "object" ? child : undefined;
}

function alternatives(shape: JsonSchema, root: JsonSchema): readonly JsonSchema[] {
  const name = shape.$ref?.replace("#/$defs/", "");
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (target !== undefined) return alternatives(target, root);
  const inner = [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])];
  return [shape, ...inner.flatMap((each) => alternatives(each, root))];
}
