import * as z from "zod";

interface Shape {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape | boolean;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly $defs?: Readonly<Record<string, Shape>>;
}

/** The keys that a schema knows for the object at `path`; none where it can not tell. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const root = describe(schema);
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

function describe(schema: z.ZodType): Shape | undefined {
  try {
    return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
  } catch {
    // A plugin's schema made by another zod: then there are no names to suggest.
    return undefined;
  }
}

function childOf(shape: Shape, key: PropertyKey): Shape | undefined {
  const child =
    typeof key === "number"
      ? shape.items
      : (shape.properties?.[String(key)] ?? shape.additionalProperties);
  return typeof child === "object" ? child : undefined;
}

function alternatives(shape: Shape, root: Shape): readonly Shape[] {
  const name = shape.$ref?.replace("#/$defs/", "");
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (target !== undefined) return alternatives(target, root);
  const inner = [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])];
  return [shape, ...inner.flatMap((each) => alternatives(each, root))];
}
