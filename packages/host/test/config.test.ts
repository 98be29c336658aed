import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { defaultRetention, isBridgeError } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { exampleConfig, parseConfig, readConfig, type Finding } from "../src/index.ts";
import { retentionRules } from "../src/retention-rules.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

function findingsOf(text: string): readonly Finding[] {
  const parsed = parseConfig(text, "config.jsonc");
  return "findings" in parsed ? parsed.findings : [];
}

const refusal = (text: string): string => {
  const paths = temporaryPaths();
  mkdirSync(dirname(paths.configFile), { recursive: true });
  writeFileSync(paths.configFile, text);
  try {
    readConfig(paths);
    return "";
  } catch (error) {
    if (!isBridgeError(error, "CONFIG_INVALID")) throw error;
    return error.message;
  }
};

test("the example that is shown to a beginner is valid", () => {
  const parsed = parseConfig(exampleConfig, "config.jsonc");
  expect(parsed).toMatchObject({ loaded: { config: { store: { type: "sqlite" }, limits: {} } } });
});

test("retention has the engine's defaults, and null is for ever", () => {
  const rulesOf = (text: string): unknown => {
    const parsed = parseConfig(text, "config.jsonc");
    return "loaded" in parsed ? retentionRules(parsed.loaded.config) : parsed.findings;
  };
  expect(rulesOf('{ "routes": [] }')).toEqual(defaultRetention);
  const given = '{ "days": null, "maxBytes": null, "keyDays": 40, "deadLetterDays": 1 }';
  expect(rulesOf(`{ "routes": [], "retention": ${given} }`)).toEqual({
    ...defaultRetention,
    taskMs: null,
    maxBytes: null,
    keyMs: 40 * 24 * 3_600_000,
    deadLetterMs: 24 * 3_600_000,
  });
  const wrong = findingsOf('{ "routes": [], "retention": { "days": 0, "keyDays": null } }');
  expect(wrong.map(({ path }) => path)).toEqual(["retention.days", "retention.keyDays"]);
});

test("comments and trailing commas are taken", () => {
  expect(findingsOf('// mine\n{ "routes": [], /* none */ }\n')).toEqual([]);
});

test("an unknown key is an error at its place that names the nearest known one", () => {
  const text =
    '{\n  "routes": [\n    { "kind": "prompt", "form": "*", "runner": "r" }\n  ],\n  "limts": {}\n}';
  expect(findingsOf(text)).toEqual([
    { path: "routes[0].from", place: { line: 3, column: 5 }, message: expect.any(String) },
    {
      path: "routes[0].form",
      place: { line: 3, column: 25 },
      message: 'is not a known key. Did you mean "from"?',
    },
    {
      path: "limts",
      place: { line: 5, column: 3 },
      message: 'is not a known key. Did you mean "limits"?',
    },
  ]);
});

test("a key far from all is answered with those that are known", () => {
  const [finding] = findingsOf('{ "routes": [], "limits": { "turn": { "xyzzy": 1 } } }');
  expect(finding?.path).toBe("limits.turn.xyzzy");
  expect(finding?.message).toContain("Known keys: startMs, idleMs, totalMs, graceMs");
});

test("all findings come at once, in one error of a line each", () => {
  const message = refusal('{ "routes": "all", "plugins": [], "store": { "type": "mongo" } }');
  expect(message).toMatch(/1:3 routes: /);
  expect(message).toMatch(/1:20 plugins: /);
  expect(message).toMatch(/1:\d+ store\.type: /);
});

test("a key that stands twice, and one that would change a prototype, are errors", () => {
  expect(findingsOf('{ "routes": [], "routes": [] }')).toMatchObject([
    { path: "routes", place: { line: 1, column: 17 }, message: expect.stringContaining("twice") },
  ]);
  const [finding] = findingsOf('{ "routes": [], "plugins": { "__proto__": { "a": 1 } } }');
  expect(finding?.path).toBe("plugins.__proto__");
  expect(({} as { a?: number }).a).toBeUndefined();
});

test("text that is not JSON is told by its place", () => {
  expect(findingsOf('{\n  "routes": [}\n}')[0]?.place?.line).toBe(2);
  expect(findingsOf("")).toMatchObject([{ message: "it is empty." }]);
});

test("JSON nested 10,000 deep is refused before it is parsed", () => {
  const deep = `{ "plugins": ${"[".repeat(10_000)}${"]".repeat(10_000)} }`;
  expect(refusal(deep)).toContain("deeper than 64 levels");
  expect(findingsOf(`{ "routes": [] /* ${"[".repeat(10_000)} */ }`)).toEqual([]);
});

test("a file of 10 MB is refused unread", () => {
  expect(refusal(`{ "routes": [] }${" ".repeat(10 * 1024 * 1024)}`)).toContain("at most 1048576");
});

test("a file that is not UTF-8 is refused", () => {
  const paths = temporaryPaths();
  mkdirSync(dirname(paths.configFile), { recursive: true });
  writeFileSync(paths.configFile, Buffer.from([0x7b, 0xff, 0x7d]));
  expect(() => readConfig(paths)).toThrowError(/not UTF-8/);
});

test("a missing file is an error that shows how to make one", () => {
  const paths = temporaryPaths();
  expect(() => readConfig(paths)).toThrowError(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(exampleConfig.trimEnd()),
    }),
  );
});

test("the bridge's own config is made private; one that was named is left as it is", () => {
  const paths = temporaryPaths();
  mkdirSync(dirname(paths.configFile), { recursive: true });
  writeFileSync(paths.configFile, exampleConfig);
  chmodSync(paths.configFile, 0o644);
  readConfig({ ...paths, isConfigNamed: true });
  expect(statSync(paths.configFile).mode & 0o777).toBe(0o644);
  readConfig(paths);
  expect(statSync(paths.configFile).mode & 0o777).toBe(0o600);
  expect(readFileSync(paths.configFile, "utf8")).toBe(exampleConfig);
});

test("a folder in the file's place is refused", () => {
  const paths = temporaryPaths(temporaryFolder());
  mkdirSync(paths.configFile, { recursive: true });
  expect(() => readConfig(paths)).toThrowError(/not a regular file/);
});
