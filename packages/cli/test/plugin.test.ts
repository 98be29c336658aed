import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { document, makeHome, workingConfig, type Home } from "./home.ts";

// npm is started many times, and is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const example = fileURLToPath(new URL("../../../examples/out-of-tree-plugin", import.meta.url));
const exampleName = "agent-bridge-plugin-folder";

const read = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

/** A copy of the example whose `package.json` is changed. */
function variant(home: Home, change: object): string {
  const folder = join(home.folder, "variant");
  cpSync(example, folder, { recursive: true });
  const file = join(folder, "package.json");
  writeFileSync(file, JSON.stringify({ ...read(file), ...change }));
  return folder;
}

const installed = (home: Home): string => join(home.folder, "node_modules", exampleName);

/** A registry that knows versions of one package. @returns what npm is told of it */
async function registry(home: Home, versions: readonly string[]): Promise<Record<string, string>> {
  const folder = join(home.folder, "registry");
  mkdirSync(folder);
  for (const version of versions) {
    const source = variant(home, { version });
    execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder, source], {
      env: home.env,
      stdio: "ignore",
    });
    rmSync(source, { recursive: true });
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    const file = join(folder, path.split("/").at(-1) ?? "");
    if (path.endsWith(".tgz")) return response.end(readFileSync(file));
    if (path !== `/${exampleName}`) return response.writeHead(404).end("{}");
    const manifests = versions.map((version) => {
      const tarball = `http://${request.headers.host ?? ""}/${exampleName}-${version}.tgz`;
      return [version, { ...read(join(example, "package.json")), version, dist: { tarball } }];
    });
    return response.end(
      JSON.stringify({
        name: exampleName,
        "dist-tags": { latest: versions.at(-1) },
        versions: Object.fromEntries(manifests) as object,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return npmSettings(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const npmSettings = (url: string): Record<string, string> => ({
  npm_config_registry: url,
  npm_config_fetch_retries: "0",
});

test("plugin add installs a folder as it would be packed, shows what it declares, and changes no configuration", async () => {
  const home = makeHome();
  const config = readFileSync(home.configFile, "utf8");
  const source = variant(home, {
    scripts: { install: `touch ${home.folder}/ran`, prepack: `touch ${home.folder}/ran` },
  });
  const added = await home.run(["plugin", "add", source]);
  expect(added).toMatchObject({ code: 0, stderr: "" });
  expect(added.stdout).toContain("kinds folder.note; runners parrot; channels folder:*");
  expect(added.stdout).toContain('"plugins": { "agent-bridge-plugin-folder": {} },');
  expect(added.stdout).toContain(
    '  "routes": [\n    {"kind":"folder.note","from":["alice"],"runner":"parrot"},\n  ],',
  );
  expect(readdirSync(installed(home)).toSorted()).toEqual([
    "channel.js",
    "index.js",
    "kind.js",
    "package.json",
    "runner.js",
  ]);
  expect(readFileSync(home.configFile, "utf8")).toBe(config);
  expect(existsSync(join(home.folder, "ran"))).toBe(false);
  // What it needs for the next installation stays beside the configuration.
  rmSync(source, { recursive: true });
  const again = variant(home, { version: "1.0.1" });
  expect((await home.run(["plugin", "add", again])).stdout).toContain(`${exampleName} 1.0.1`);
  expect(readdirSync(home.folder).filter((name) => name.startsWith(".plugin-"))).toEqual([]);
});

test("plugin add takes the newest version of a name, or the one that is named, and saves it exactly", async () => {
  const home = makeHome();
  const env = await registry(home, ["1.0.0", "1.1.0"]);
  const newest = await home.run(["plugin", "add", exampleName, "--json"], { env });
  expect(document(newest.stdout)).toMatchObject({
    plugin: { specifier: exampleName, version: "1.1.0", from: "config", refused: null },
    configFile: home.configFile,
  });
  expect(read(join(home.folder, "package.json"))).toMatchObject({
    dependencies: { [exampleName]: "1.1.0" },
  });
  const older = await home.run(["plugin", "add", `${exampleName}@1.0.0`], { env });
  expect(older.stdout).toContain(`${exampleName} 1.0.0`);
  expect(read(join(installed(home), "package.json"))).toMatchObject({ version: "1.0.0" });
});

test("plugin add refuses what is no plugin, or not for this host, and changes nothing", async () => {
  const home = makeHome();
  const cases = [
    [
      { agentBridge: undefined },
      "it is no plugin: its package.json says nothing under agentBridge",
      "PLUGIN_FAILED",
    ],
    [{ agentBridge: { api: ">=2" } }, "asks for API >=2; this host offers 1", "PLUGIN_API"],
  ] as const;
  for (const [change, text, code] of cases) {
    const source = variant(home, change);
    const refused = await home.run(["plugin", "add", source]);
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toContain(text);
    expect(refused.stderr).toContain(`(${code})`);
    rmSync(source, { recursive: true });
  }
  expect(existsSync(installed(home))).toBe(false);
  expect(existsSync(join(home.folder, "package.json"))).toBe(false);
});

test("plugin add says whether a package is unknown, the registry out of reach, or npm missing", async () => {
  const home = makeHome();
  const env = await registry(home, ["1.0.0"]);
  const errorOf = async (source: string, withEnv: Record<string, string>) => {
    const { code, stdout } = await home.run(["plugin", "add", source, "--json"], { env: withEnv });
    const { error } = document(stdout) as { error: { code: string; message: string } };
    return [code, error.code, error.message];
  };
  expect(await errorOf("no-such-plugin", env)).toEqual([
    5,
    "PLUGIN_NOT_FOUND",
    expect.stringContaining("the registry does not know it"),
  ]);
  expect(await errorOf(`${exampleName}@9.9.9`, env)).toEqual([
    5,
    "PLUGIN_NOT_FOUND",
    expect.any(String),
  ]);
  expect(await errorOf("/nowhere/plugin.tgz", env)).toEqual([
    5,
    "PLUGIN_NOT_FOUND",
    expect.any(String),
  ]);
  expect(await errorOf("git+ssh://somewhere/else", env)).toEqual([
    2,
    "INPUT_INVALID",
    expect.any(String),
  ]);
  // Port 9 (discard) of the own machine: nobody listens.
  expect(await errorOf(exampleName, npmSettings("http://127.0.0.1:9/"))).toEqual([
    1,
    "PLUGIN_INSTALL_FAILED",
    expect.stringContaining("can not be reached (ECONNREFUSED)"),
  ]);
  expect(await errorOf(exampleName, { PATH: "/nowhere" })).toEqual([
    1,
    "PLUGIN_INSTALL_FAILED",
    expect.stringContaining("no npm in the PATH"),
  ]);
});

test("plugin list shows what is configured and installed, with a daemon and without", async () => {
  const home = makeHome();
  await home.run(["plugin", "add", example]);
  const states = async (): Promise<unknown> => {
    const { stdout } = await home.run(["plugin", "list", "--json"]);
    const { plugins } = document(stdout) as { plugins: { specifier: string; state: string }[] };
    return Object.fromEntries(plugins.map(({ specifier, state }) => [specifier, state]));
  };
  const bundled = {
    "@agent-bridge/plugin-codex": "not_configured",
    "@agent-bridge/plugin-molecule": "not_configured",
    "@agent-bridge/plugin-portal": "not_configured",
  };
  rmSync(home.configFile);
  expect(await states()).toEqual({ ...bundled, [exampleName]: "not_configured" });
  const plugins = { [exampleName]: { path: join(home.folder, "notes") } };
  home.writeConfig({ plugins: { ...plugins, "@x/none": {} }, routes: [] });
  expect(await states()).toEqual({ ...bundled, "@x/none": "missing", [exampleName]: "not_loaded" });
  home.writeConfig({ plugins, routes: [] });
  await home.up();
  expect(await states()).toEqual({ ...bundled, [exampleName]: "loaded" });
  const text = await home.run(["plugin", "list"]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/agent-bridge-plugin-folder +1\.0\.0 +loaded +kinds folder\.note;/);
});

test("plugin inspect reads the package, and runs code only where the plugin is configured or it is told to", async () => {
  const home = makeHome();
  await home.run(["plugin", "add", example]);
  const index = join(installed(home), "index.js");
  renameSync(index, `${index}.real`);
  writeFileSync(
    index,
    `console.log("its code runs"); export { default } from "./index.js.real.js";`,
  );
  renameSync(`${index}.real`, `${index}.real.js`);
  const unread = await home.run(["plugin", "inspect", exampleName, "--json"]);
  expect(document(unread.stdout)).toMatchObject({
    configured: false,
    declaration: null,
    manifest: { kinds: ["folder.note"] },
  });
  expect(unread.stderr).toBe("");
  const told = await home.run(["plugin", "inspect", exampleName, "--run", "--json"]);
  expect(document(told.stdout)).toMatchObject({
    declaration: {
      options: { type: "object", properties: { path: { type: "string" } } },
      kinds: [{ name: "folder.note", schema: { properties: { text: { type: "string" } } } }],
      exampleRoutes: [{ kind: "folder.note", from: ["alice"], runner: "parrot" }],
    },
  });
  // What it prints is logged, and not part of the answer.
  expect(told.stderr).toContain("its code runs");
  home.writeConfig({ ...workingConfig, plugins: { [exampleName]: { path: home.folder } } });
  const configured = await home.run(["plugin", "inspect", exampleName]);
  expect(configured.stdout).toMatch(
    /Kind folder\.note: [^]*Options:\n[^]*Example routes, none of them active:/,
  );
  const unknown = await home.run(["plugin", "inspect", "@x/none"]);
  expect(unknown).toMatchObject({ code: 5, stdout: "" });
  expect(unknown.stderr).toContain("`agent-bridge plugin add @x/none` installs it");
  // What `status` calls a plugin is not what its package is called: none is advised that may be anybody's.
  const short = await home.run(["plugin", "inspect", "codex"]);
  expect(short.stderr).toContain(
    'a plugin is named by its package: here that is "@agent-bridge/plugin-codex"',
  );
  expect(short.stderr).not.toContain("plugin add");
});
