import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configJsonSchema, parseConfig } from "@agent-bridge/host";
import { expect, test } from "vitest";

const page = readFileSync(join(import.meta.dirname, "../configuration.md"), "utf8");

/** What the test reads of a JSON Schema. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Key {
  readonly key: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** Every key below a schema, in its order, once for each alternative that has it. */
function keysOf(schema: Schema, path = ""): readonly Key[] {
  const { properties = {}, required = [], items, anyOf = [], oneOf = [] } = schema;
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => {
      const key = path === "" ? name : `${path}.${name}`;
      return [{ key, schema: inner, isRequired: required.includes(name) }, ...keysOf(inner, key)];
    }),
    ...(typeof items === "object" ? keysOf(items, `${path}[]`) : []),
    ...[...anyOf, ...oneOf].flatMap((choice) => keysOf(choice, path)),
  ];
}

const keys = keysOf(configJsonSchema({ plugins: new Map(), runners: [] }));

const rows = [...page.matchAll(/^\| `([$\w.[\]]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(
  ([, key = "", byDefault = "", text = ""]) => ({ key, byDefault, text }),
);
const rowOf = new Map(rows.map((row) => [row.key, row]));

test("the page has every key of the configuration once, and no other", () => {
  expect(rows.map(({ key }) => key).toSorted()).toEqual(
    [...new Set(keys.map(({ key }) => key))].toSorted(),
  );
});

/** What the schema has as a default, in the words of the page where it is no value. */
function defaultOf({ schema, isRequired }: Pick<Key, "schema" | "isRequired">): unknown {
  if (schema.default !== undefined) return { value: schema.default };
  return isRequired ? "required" : "none";
}

/** What the page tells as a default: a value in backticks, or a word. */
function defaultIn(cell: string): unknown {
  const [, value] = /^`([^`]+)`( \(\d+ \w+\))?$/.exec(cell) ?? [];
  if (value !== undefined) return { value: JSON.parse(value) as unknown };
  return cell === "as `limits`" ? "none" : cell;
}

test.for(keys)("the page tells of $key what its schema tells", ({ key, schema, isRequired }) => {
  const { byDefault, text } = rowOf.get(key) ?? { byDefault: "", text: "" };
  expect(text).toBe(schema.description);
  for (const choice of schema.enum ?? []) expect(text).toContain(JSON.stringify(choice));
  expect(defaultIn(byDefault)).toEqual(defaultOf({ schema, isRequired }));
});

const units: Readonly<Record<string, number>> = {
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
};

test("what a default is in larger units is right", () => {
  const told = rows.flatMap(({ byDefault }) => {
    const [, value, count, unit = ""] = /^`(\d+)` \((\d+) (\w+)\)$/.exec(byDefault) ?? [];
    return value === undefined ? [] : [[Number(value), Number(count) * (units[unit] ?? 0)]];
  });
  expect(told.length).toBeGreaterThan(10);
  for (const [value, inUnits] of told) expect(inUnits).toBe(value);
});

test("the page's configuration is one", () => {
  const [, config = ""] = /^```jsonc\n(.*?)^```$/ms.exec(page) ?? [];
  expect(parseConfig(config, "config.jsonc")).toHaveProperty("loaded");
});
