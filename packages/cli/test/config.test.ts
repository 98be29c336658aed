import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { document, makeHome, workingConfig } from "./home.ts";

test("config check tells every finding at once, of the file, its plugins and its routes", async () => {
  const home = makeHome({
    config: `{
  "plugins": { "scripted-plugin": { "problem": [] }, "nowhere": {} },
  "routes": [{ "kind": "promt", "from": "*", "runner": "scripted", "options": { "a": 1 } }]
}`,
  });
  const { code, stdout } = await home.run(["config", "check", "--json"]);
  expect(code).toBe(3);
  expect(document(stdout)).toMatchObject({ valid: false, file: home.configFile });
  const { findings } = document(stdout) as { findings: readonly { path: string }[] };
  expect(findings.map(({ path }) => path)).toEqual([
    'plugins["scripted-plugin"].problem',
    "plugins.nowhere",
  ]);
  home.writeConfig({
    plugins: { "scripted-plugin": {} },
    routes: [
      { kind: "promt", from: "*", runner: "scripted" },
      { kind: "prompt", from: "*", runner: "scripted", options: { a: 1 } },
    ],
  });
  const next = await home.run(["config", "check"]);
  expect(next.code).toBe(3);
  expect(next.stdout).toContain('Did you mean "prompt"?');
  expect(next.stdout).toContain("routes[1].options.a: is not a known key.");
});

test("config check changes nothing, not even a mode, and needs no daemon", async () => {
  const home = makeHome();
  const before = statSync(home.configFile).mode;
  expect(await home.run(["config", "check"])).toMatchObject({
    code: 0,
    stdout: `${home.configFile} is valid.\n`,
  });
  expect(statSync(home.configFile).mode).toBe(before);
  expect(readdirSync(home.folder).toSorted()).toEqual(["config.jsonc", "node_modules"]);
});

test("config check of a file that is not there shows how to make one", async () => {
  const home = makeHome();
  const { code, stdout } = await home.run(["config", "check", "--config", "/nowhere/c.jsonc"]);
  expect(code).toBe(3);
  expect(stdout).toContain('"routes"');
});

test("config show prints what is used and where it comes from, and never a secret", async () => {
  const home = makeHome();
  home.writeConfig({
    ...workingConfig,
    plugins: { "scripted-plugin": { problems: [{ $env: "CANARY" }], inboxId: "x" } },
  });
  const env = { CANARY: "canary-in-the-mine" };
  const shown = await home.run(["config", "show", "--origin", "--json"], { env });
  expect(shown.code).toBe(0);
  const { values, config, chosenBy } = document(shown.stdout) as {
    values: readonly { path: string; origin: unknown; value: unknown }[];
    config: unknown;
    chosenBy: string;
  };
  expect(chosenBy).toBe("AGENT_BRIDGE_HOME");
  expect(config).toMatchObject({ limits: { concurrency: 4 }, store: { type: "sqlite" } });
  expect(values).toContainEqual({
    path: 'plugins["scripted-plugin"].problems[0]',
    value: { $env: "CANARY" },
    origin: expect.objectContaining({ type: "file" }),
  });
  expect(values).toContainEqual({ path: "limits.crashes", value: 3, origin: { type: "default" } });
  const text = await home.run(["config", "show"], { env });
  expect(text.stderr).toContain("AGENT_BRIDGE_HOME is set");
  expect(JSON.parse(text.stdout)).toEqual(config);
  expect(shown.stdout + text.stdout + text.stderr).not.toContain("canary-in");
  const broken = await home.run(["config", "show"]);
  expect(broken).toMatchObject({ code: 0, stderr: expect.stringContaining("config check") });
});

test("config schema can stand in the file as its $schema", async () => {
  const home = makeHome();
  const { stdout } = await home.run(["config", "schema"]);
  const schema = JSON.parse(stdout) as { properties: { plugins: { properties: object } } };
  expect(schema.properties.plugins.properties).toHaveProperty("scripted-plugin");
  const path = join(home.folder, "schema.json");
  writeFileSync(path, stdout);
  home.writeConfig({ $schema: path, ...workingConfig });
  expect(await home.run(["config", "check"])).toMatchObject({ code: 0 });
  expect((await home.run(["config", "schema"])).stdout).toBe(readFileSync(path, "utf8"));
});
