import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger, systemClock, systemRandom, type JsonObject } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { parseConfig, type LoadedConfig } from "../src/index.ts";
import { loadPlugins, type LoadedPlugins } from "../src/plugins/load-plugins.ts";
import { importPlugin } from "../src/plugins/import-plugin.ts";
import { PluginCalls } from "../src/plugins/plugin-calls.ts";
import { entryOf, locatePlugin, type PluginPlaces } from "../src/plugins/resolve-plugin.ts";
import { checkRoutes } from "../src/plugins/route-check.ts";
import { made } from "./fixtures/note-plugin.ts";
import { found } from "./fixtures/tool-plugin.ts";
import { temporaryFolder } from "./temporary.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));

const resolvePlugin = (specifier: string, places: PluginPlaces): string | undefined => {
  const place = locatePlugin(specifier, places);
  return place === undefined ? undefined : entryOf(place);
};

function configOf(
  plugins: Record<string, JsonObject>,
  routes: readonly object[] = [],
): LoadedConfig {
  const parsed = parseConfig(JSON.stringify({ plugins, routes }, undefined, 2), "config.jsonc");
  if ("loaded" in parsed) return parsed.loaded;
  throw new Error(JSON.stringify(parsed.findings));
}

async function load(
  plugins: Record<string, JsonObject>,
  folder = temporaryFolder(),
): Promise<LoadedPlugins & { secrets: Set<string> }> {
  const secrets = new Set<string>();
  const loaded = await loadPlugins({
    loaded: configOf(plugins),
    places: { configFolder: folder, resolveFrom: [] },
    folder: join(folder, "plugins"),
    context: { clock: systemClock(), random: systemRandom, logger: silentLogger },
    env: { TOKEN: "secret-of-the-test" },
    secrets,
    calls: new PluginCalls(),
  });
  return { ...loaded, secrets };
}

test("a plugin gets its options with secrets resolved, and a private folder of its own", async () => {
  const { runners, kinds, reports, secrets } = await load({
    [fixture("note-plugin")]: { token: { $env: "TOKEN" } },
  });
  expect(runners.map(({ name }) => name)).toEqual(["echo"]);
  expect(kinds.map(({ name }) => name)).toEqual(["note"]);
  expect(reports).toMatchObject([{ name: "note-plugin", version: "1.2.3", state: "loaded" }]);
  expect(made.token).toBe("secret-of-the-test");
  expect([...secrets]).toEqual(["secret-of-the-test"]);
  expect(statSync(made.folder ?? "").mode & 0o777).toBe(0o700);
});

test.each([
  ["throws-on-import", "it does not even load"],
  ["throws-on-create", "no token on this machine"],
  ["throws-on-options", "a bug in its schema"],
  ["other-api", "asks for API 2; this host offers 1"],
  ["no-plugin", "its default export is no plugin"],
])("S25 %s is quarantined and shown with its reason; the others work", async (name, reason) => {
  const bad = fixture(name);
  const { runners, reports } = await load({ [bad]: {}, [fixture("note-plugin")]: {} });
  expect(runners.map((runner) => runner.name)).toEqual(["echo"]);
  expect(reports).toMatchObject([
    { specifier: bad, state: "quarantined", reason: expect.stringContaining(reason) },
    { name: "note-plugin", state: "loaded" },
  ]);
});

test("S25 messages for a quarantined plugin's runner are failed visibly, not denied", async () => {
  const plugins = { [fixture("throws-on-create")]: {}, [fixture("note-plugin")]: {} };
  const loaded = await load(plugins);
  const routes = [
    { kind: "prompt", from: "*", runner: "gone" },
    { kind: "lost_kind", from: "*", runner: "echo" },
    { kind: "note", from: "*", runner: "echo" },
  ];
  const checked = checkRoutes(configOf(plugins, routes), loaded);
  expect(checked.routes.map(({ kind }) => kind)).toEqual(["prompt", "note"]);
  expect(checked.notes).toHaveLength(2);
  const standIn = checked.runners.find(({ name }) => name === "gone");
  const health = await standIn?.check(AbortSignal.timeout(1000));
  expect(health).toMatchObject({ ready: false, problems: [expect.stringContaining("no token")] });
});

test("a kind declared twice is refused by the names of both plugins", async () => {
  const [first, second] = [fixture("note-plugin"), fixture("second-note-plugin")];
  await expect(load({ [first]: {}, [second]: {} })).rejects.toMatchObject({
    code: "KIND_DUPLICATE",
    data: { kind: "note", first, second },
  });
});

test("a runner's or channel's name used twice is refused by the names of both plugins", async () => {
  const folder = temporaryFolder();
  const twice = {
    runners: '{ runners: [{ name: "twice", check() {}, run() {} }] }',
    channels: '{ channels: [{ name: "twice", deduplicates: () => false }] }',
  };
  for (const [what, parts] of Object.entries(twice)) {
    const two = ["one", "two"].map((name) => packaged(folder, `${name}-${what}`, { parts }));
    await expect(
      load(Object.fromEntries(two.map((name) => [name, {}])), folder),
    ).rejects.toMatchObject({
      code: "NAME_DUPLICATE",
      data: { what, name: "twice", owners: two },
    });
  }
});

test.each([
  [{ api: ">=2" }, "asks for API >=2; this host offers 1"],
  [{}, "asks for API none"],
  [{ api: 1, kinds: "note" }, "its package.json is wrong at agentBridge.kinds"],
  [{ api: 1, runners: ["other", "ran*"] }, 'brings "runner", which agentBridge.runners'],
])(
  "S25 a plugin that its package does not describe is quarantined: %j",
  async (agentBridge, reason) => {
    const folder = temporaryFolder();
    const parts = '{ runners: [{ name: "runner", check() {}, run() {} }] }';
    const name = packaged(folder, "described", { parts, manifest: { agentBridge } });
    const { reports, runners } = await load({ [name]: {} }, folder);
    expect(runners).toEqual([]);
    expect(reports).toMatchObject([
      { name, version: "1.0.0", state: "quarantined", reason: expect.stringContaining(reason) },
    ]);
  },
);

test.each([
  ['{ runners: [{ name: "runner" }] }', "runners.0 is no runner"],
  ["Promise.resolve({})", "gave a promise"],
  ["undefined", "is not its parts"],
])("S25 what `create` gives is checked before it is used: %s", async (parts, reason) => {
  const folder = temporaryFolder();
  const name = packaged(folder, "partial", { parts });
  const { reports } = await load({ [name]: {} }, folder);
  expect(reports).toMatchObject([
    { state: "quarantined", reason: expect.stringContaining(reason) },
  ]);
});

test("S25 a plugin that never comes to the end of its import is given up", async () => {
  const folder = temporaryFolder();
  const head = "await new Promise(() => {});";
  const name = packaged(folder, "endless", { head, parts: "{}" });
  const places = { configFolder: folder, resolveFrom: [] };
  const imported = await importPlugin(name, { places, calls: new PluginCalls(), importMs: 50 });
  expect(imported).toMatchObject({
    name,
    refused: { message: expect.stringContaining("it was not loaded within 50 ms") },
  });
});

test("a plugin shares the host's core and zod where it brings none of its own", async () => {
  const folder = temporaryFolder();
  const name = packaged(folder, "sharing", {
    head: 'import { BridgeError } from "@agent-bridge/core"; export { BridgeError };',
    parts: "{}",
  });
  expect((await load({ [name]: {} }, folder)).reports).toMatchObject([{ state: "loaded" }]);
});

test("options that a plugin does not take, and missing secrets, are findings with their place", async () => {
  const notePlugin = fixture("note-plugin");
  await expect(load({ [notePlugin]: { tokn: "x" } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/4:7 plugins\[".*"\]\.tokn: .*Did you mean "token"\?/),
  });
  await expect(load({ [notePlugin]: { token: { $env: "NOT_SET" } } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("NOT_SET, which is not set"),
  });
});

test("a plugin that is not installed is a finding that says how to install it", async () => {
  await expect(load({ "@x/none": {}, "../escape": {} })).rejects.toMatchObject({
    message: expect.stringMatching(/plugin add @x\/none[^]*neither a package's name nor a path/),
  });
});

test("routes are checked with their place: kind, runner and the runner's options", async () => {
  const plugins = { [fixture("note-plugin")]: {} };
  const loaded = await load(plugins);
  const routes = [
    { kind: "noet", from: "*", runner: "echo" },
    { kind: "note", from: "*", runner: "ecko" },
    { kind: "note", from: "*", runner: "echo", options: { lout: true } },
  ];
  const refused = (): unknown => checkRoutes(configOf(plugins, routes), loaded);
  expect(refused).toThrowError(/routes\[0\]\.kind: .*Did you mean "note"\?/);
  expect(refused).toThrowError(/routes\[1\]\.runner: .*Did you mean "echo"\?/);
  expect(refused).toThrowError(/routes\[2\]\.options\.lout: .*Did you mean "loud"\?/);
});

test("what a route's options name and is not there is told when the routes are loaded", async () => {
  const plugins = { [fixture("note-plugin")]: {} };
  const loaded = await load(plugins);
  const checking = (folder: string): unknown => {
    const route = { kind: "note", from: "*", runner: "echo", options: { folder } };
    return checkRoutes(configOf(plugins, [route]), loaded);
  };
  expect(() => checking("gone")).toThrowError(/routes\[0\]\.options\.folder: gone does not exist/);
  expect(() => checking("broken")).toThrowError(
    /routes\[0\]\.options: could not be checked by echo: This one can not/,
  );
  expect(checking("there")).toMatchObject({ routes: [{ options: { folder: "there" } }] });
});

/** Installs a plugin without options, kinds and dependencies. @returns its name */
function packaged(
  folder: string,
  name: string,
  { parts, head = "", manifest = {} }: { parts: string; head?: string; manifest?: object },
): string {
  const root = join(folder, "node_modules", name);
  mkdirSync(root, { recursive: true });
  const facts = { name, version: "1.0.0", type: "module", main: "index.js", ...manifest };
  writeFileSync(join(root, "package.json"), JSON.stringify(facts));
  writeFileSync(
    join(root, "index.js"),
    `${head} import * as z from "zod"; const about = { name: "${name}", version: "1.0.0", api: 1 };
    export default { ...about, options: z.object({}), kinds: [], create: () => (${parts}) };`,
  );
  return name;
}

function installed(folder: string, manifest: object, files: readonly string[]): string {
  const root = join(folder, "node_modules/@x/plugin");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "@x/plugin", ...manifest }));
  for (const file of files) writeFileSync(join(root, file), "export default {};");
  return root;
}

test.each([
  [{ exports: "./a.js" }, "a.js"],
  [{ exports: { ".": { types: "./a.d.ts", import: "./b.js", default: "./a.js" } } }, "b.js"],
  [{ exports: { types: "./a.d.ts", node: { default: "./b.js" } } }, "b.js"],
  [{ main: "./a.js" }, "a.js"],
])("an installed package is entered as Node would: %j", (manifest, file) => {
  const folder = temporaryFolder();
  const root = installed(folder, manifest, ["a.js", "b.js"]);
  const places = { configFolder: folder, resolveFrom: [] };
  expect(resolvePlugin("@x/plugin", places)).toBe(`file://${join(root, file)}`);
});

test("a package is found beside the config or from the host, never in a parent folder of the config", () => {
  const folder = temporaryFolder();
  installed(folder, { main: "a.js" }, ["a.js"]);
  const places = { configFolder: join(folder, "inner"), resolveFrom: [] };
  expect(resolvePlugin("@x/plugin", places)).toBeUndefined();
  const own = { ...places, resolveFrom: [import.meta.url] };
  expect(resolvePlugin("@agent-bridge/core", own)).toMatch(/core\/src\/index\.ts$/);
});

test("a package whose entry leads out of its folder is refused", () => {
  const folder = temporaryFolder();
  installed(folder, { exports: "./../../../outside.js" }, []);
  writeFileSync(join(folder, "outside.js"), "");
  const places = { configFolder: folder, resolveFrom: [] };
  expect(() => resolvePlugin("@x/plugin", places)).toThrowError(/names no file/);
});

test("a package that is linked into the config folder is loaded by its name", async () => {
  const folder = temporaryFolder();
  const real = join(folder, "real");
  mkdirSync(real);
  writeFileSync(
    join(real, "package.json"),
    JSON.stringify({ name: "noted", exports: "./index.ts" }),
  );
  writeFileSync(
    join(real, "index.ts"),
    `export { default } from ${JSON.stringify(fixture("note-plugin"))};`,
  );
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(real, join(folder, "node_modules/noted"));
  const { reports } = await load({ noted: {} }, folder);
  expect(reports).toMatchObject([{ specifier: "noted", name: "note-plugin", state: "loaded" }]);
});

test("the tools of all plugins are offered to each, also those of plugins that come later", async () => {
  await load({ [fixture("tool-plugin")]: {}, [fixture("note-plugin")]: {} });
  const offered = found.tools?.() ?? [];
  expect(offered.map(({ plugin, tool }) => [plugin, tool.name])).toEqual([["book", "look"]]);
  const call = {
    taskId: "task_1",
    provenance: { kind: "prompt", channel: null, workspace: "", sender: null },
    signal: new AbortController().signal,
  };
  expect(await offered[0]?.tool.call({ word: "milk" }, call)).toBe("milk is a word");
});

test.each([
  ["a name that a model could not use", { name: "look up" }, "letters, digits and _"],
  ["one name twice", { twice: true }, "two tools named look"],
])("S25 a plugin whose tools have %s is quarantined", async (_, options, reason) => {
  const { reports } = await load({ [fixture("tool-plugin")]: options });
  expect(reports).toMatchObject([
    { state: "quarantined", reason: expect.stringContaining(reason) },
  ]);
  expect(found.tools?.()).toEqual([]);
});
