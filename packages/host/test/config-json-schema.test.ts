import { expect, test } from "vitest";
import * as z from "zod";
import { definePlugin, defineRunner, type Json } from "@agent-bridge/core";
import { configJsonSchema, effectiveConfig, exampleConfig } from "../src/index.ts";
import { parseDocument } from "../src/config/json-document.ts";

const tree: z.ZodType = z.lazy(() => z.strictObject({ inner: tree.optional() }));

const plugin = definePlugin({
  name: "p",
  version: "1.0.0",
  api: 1,
  options: z.strictObject({
    token: z.string(),
    retries: z.int().default(3),
    places: z.array(z.strictObject({ id: z.string(), waitMs: z.int().default(50) })).default([]),
    tree: tree.optional(),
    any: z.json().optional(),
  }),
  kinds: [],
  create: () => ({}),
});

const runner = defineRunner({
  name: "worker",
  capabilities: { resume: false, questions: "none" },
  sessionScope: "anywhere",
  options: z.strictObject({
    speed: z.enum(["slow", "fast"]).default("slow"),
    data: z.json().optional(),
  }),
  check: () => Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
  async *run() {
    yield { type: "end", outcome: "completed", output: "" };
  },
});

const make = () =>
  configJsonSchema({
    plugins: new Map([
      ["@x/p", plugin],
      ["other", { ...plugin, options: {} as z.ZodType }],
    ]),
    runners: [runner],
  });

function documentOf(text: string) {
  const parsed = parseDocument(text);
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  return parsed.document;
}

test("the schema is the same each time, and every reference in it leads somewhere", () => {
  const schema = make();
  expect(JSON.stringify(make())).toBe(JSON.stringify(schema));
  const text = JSON.stringify(schema);
  const refs = [...text.matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map(([, name = ""]) =>
    name.replaceAll("~1", "/").replaceAll("~0", "~"),
  );
  expect(refs.length).toBeGreaterThan(3);
  for (const name of refs) expect(Object.keys(schema.$defs ?? {})).toContain(name);
  expect(text).not.toContain('"$ref":"#"');
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
});

test("it knows the options of plugins and of each runner's routes, with their defaults", () => {
  const schema = make();
  expect(schema.properties?.["plugins"]?.properties?.["@x/p"]?.properties).toHaveProperty(
    "retries",
  );
  const item = schema.properties?.["routes"]?.items;
  const allOf = typeof item === "object" ? item.allOf : undefined;
  expect(allOf?.[0]).toMatchObject({
    if: { properties: { runner: { const: "worker" } } },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's own word
    then: { properties: { options: { properties: { speed: { default: "slow" } } } } },
  });
  expect(schema.properties?.["limits"]?.properties?.["hops"]).toMatchObject({ default: 8 });
});

test("a reference to a secret is taken where a text is", () => {
  const token = make().properties?.["plugins"]?.properties?.["@x/p"]?.properties?.["token"];
  expect(JSON.stringify(token)).toContain('"$env"');
});

test("the effective configuration tells of each value whether it was given, and where", () => {
  const text = `{
  "plugins": { "@x/p": { "token": "hunter22", "places": [{ "id": "a" }], "any": { "apiKey": ["k"] } } },
  "routes": [{ "kind": "prompt", "from": ["operator"], "runner": "worker", "options": {} }]
}`;
  const { config, values } = effectiveConfig(documentOf(text), make());
  const of = (path: string): unknown => values.find((each) => each.path === path);
  expect(of('plugins["@x/p"].token')).toEqual({
    path: 'plugins["@x/p"].token',
    value: "[secret]",
    origin: { type: "file", line: 2, column: 26 },
  });
  expect(of('plugins["@x/p"].retries')).toMatchObject({ value: 3, origin: { type: "default" } });
  expect(of('plugins["@x/p"].places[0].id')).toMatchObject({ origin: { type: "file", line: 2 } });
  expect(of('plugins["@x/p"].places[0].waitMs')).toMatchObject({
    value: 50,
    origin: { type: "default" },
  });
  expect(of("routes[0].options.speed")).toMatchObject({
    value: "slow",
    origin: { type: "default" },
  });
  expect(of("limits.turn.graceMs")).toMatchObject({ value: 4500 });
  expect(of("log.files")).toMatchObject({ value: 5 });
  expect(JSON.stringify(values)).not.toMatch(/hunter22|"k"/);
  expect(config).toMatchObject({
    store: { type: "sqlite" },
    limits: { turn: { idleMs: 600_000 } },
  });
});

test("a reference is shown as it stands", () => {
  const reference: Json = { $env: "TOKEN" };
  const text = JSON.stringify({ plugins: { "@x/p": { token: reference } }, routes: [] });
  const { values } = effectiveConfig(documentOf(text), make());
  expect(values).toContainEqual(expect.objectContaining({ value: reference }));
});

test("without plugins there is a schema as well", () => {
  const schema = configJsonSchema({ plugins: new Map(), runners: [] });
  const { values } = effectiveConfig(documentOf(exampleConfig), schema);
  expect(values.map(({ path }) => path)).toContain("routes[0].recover");
});
