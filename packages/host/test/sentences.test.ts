import { expect, test } from "vitest";
import * as z from "zod";
import { parseDocument } from "../src/config/json-document.ts";
import { schemaFindings } from "../src/config/schema-findings.ts";
import { checkValue } from "../src/config/sentences.ts";
import { parseConfig } from "../src/index.ts";

const route = { kind: "prompt", from: "*", runner: "r" };

/** What is told of a configuration, as `path message`. */
function told(config: object): readonly string[] {
  const parsed = parseConfig(JSON.stringify(config), "config.jsonc");
  return "findings" in parsed
    ? parsed.findings.map(({ path, message }) => `${path} ${message}`)
    : [];
}

test.each([
  [{}, "routes is missing: it must be a list."],
  [{ routes: "all" }, "routes must be a list, not a text."],
  [
    { routes: [{ ...route, from: "operator" }] },
    'routes[0].from must be "*" or a list, not a text.',
  ],
  [{ routes: [{ ...route, from: ["a", 1] }] }, "routes[0].from[1] must be a text, not a number."],
  [{ routes: [{ ...route, from: ["a", ""] }] }, "routes[0].from[1] must not be empty."],
  [{ routes: [], limits: { hops: "4" } }, "limits.hops must be a number, not a text."],
  [{ routes: [], limits: { hops: 1.5 } }, "limits.hops must be a whole number, not a number."],
  [{ routes: [], limits: { hops: 0 } }, "limits.hops must be at least 1."],
  [{ routes: [], log: { files: 500 } }, "log.files must be at most 100."],
  [
    { routes: [{ ...route, recover: "resumes" }] },
    'routes[0].recover must be one of "resume", "interrupt". Did you mean "resume"?',
  ],
  [{ routes: [], store: {} }, 'store.type is missing: it must be one of "sqlite", "memory".'],
  [{ routes: [], store: { type: 3 } }, 'store.type must be one of "sqlite", "memory".'],
  [{ routes: [], plugins: null }, "plugins must be an object, not null."],
  [
    { routes: [], plugins: { "": {} } },
    'plugins[""] is not a key that can be used: it must not be empty.',
  ],
])("%j is told in a whole sentence", (config, sentence) => {
  expect(told(config)).toEqual([sentence]);
});

const options = z.strictObject({
  token: z.string().min(20).optional(),
  address: z.url().optional(),
  names: z.array(z.string()).min(2).optional(),
  path: z
    .string()
    .refine((text) => text.startsWith("/"), "must be an absolute path")
    .optional(),
  mode: z.union([z.enum(["on", "off"]), z.number()]).optional(),
});

function toldOf(value: Record<string, unknown>): readonly string[] {
  const parsed = parseDocument(JSON.stringify(value));
  const checked = checkValue(options, value);
  if (checked.success || "findings" in parsed) return [];
  const { document } = parsed;
  return schemaFindings(checked.error, { schema: options, document, at: [] }).map(
    ({ message }) => message,
  );
}

test("a plugin's own words stand, and for the rest the house has some", () => {
  expect(toldOf({ path: "x" })).toEqual(["must be an absolute path."]);
  expect(toldOf({ address: "x" })).toEqual(["must be an address (URL)."]);
  expect(toldOf({ names: ["one"] })).toEqual(["must have at least 2 entries."]);
  expect(toldOf({ mode: true })).toEqual(['must be "on" or "off" or a number, not true or false.']);
});

test("no sentence says a value: it may be a secret", () => {
  const secret = "hunter2-hunter2";
  for (const key of ["token", "address", "names", "path", "mode"]) {
    const [message] = toldOf({ [key]: secret });
    expect(message).toMatch(/\.$/);
    expect(message).not.toContain(secret);
  }
});
