import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "smol-toml";
import { document, makeHome, type Home } from "./home.ts";

const mine = '# mine\nmodel = "o" # why\n';

/** A home with a Codex configuration in the place that Codex has by default. */
function withCodex(text?: string): { home: Home; folder: string; file: string } {
  const home = makeHome();
  const folder = join(home.folder, ".codex");
  const file = join(folder, "config.toml");
  if (text !== undefined) {
    mkdirSync(folder);
    writeFileSync(file, text, { mode: 0o640 });
  }
  return { home, folder, file };
}

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function codexEntry(file: string): Entry {
  const { mcp_servers: servers } = parse(readFileSync(file, "utf8"));
  return (servers as unknown as Record<string, Entry>)["agent-bridge"] as Entry;
}

test("codex: the bridge is written into its file with what Codex needs, once, with a copy of the old one", async () => {
  const { home, folder, file } = withCodex(mine);
  const made = await home.run(["connect", "codex", "--yes"]);
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("+tool_timeout_sec = 300"),
  });
  expect(readFileSync(file, "utf8").startsWith(mine)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  const entry = codexEntry(file);
  expect(entry).toMatchObject({
    command: process.execPath,
    args: expect.arrayContaining([expect.stringMatching(/^\/.*agent-bridge\.js$/), "mcp"]),
    env: { AGENT_BRIDGE_HOME: home.folder, XDG_STATE_HOME: home.env["XDG_STATE_HOME"] },
    startup_timeout_sec: 60,
    tool_timeout_sec: 300,
  });
  const [backup = ""] = readdirSync(folder).filter((name) => name.endsWith(".bak"));
  expect(readFileSync(join(folder, backup), "utf8")).toBe(mine);
  const again = await home.run(["connect", "codex", "--json"]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(document(again.stdout)).toEqual({ client: "codex", file, changed: false });
  expect(await home.run(["connect", "codex", "--remove", "--yes"])).toMatchObject({ code: 0 });
  expect(readFileSync(file, "utf8")).toBe(mine);
  expect(await home.run(["connect", "codex", "--remove"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("does not know the bridge"),
  });
});

test("codex: the file is made where CODEX_HOME says, though nothing of Codex is there", async () => {
  const { home } = withCodex();
  const folder = join(home.folder, "elsewhere");
  const env = { CODEX_HOME: folder };
  expect(await home.run(["connect", "codex", "--yes"], { env })).toMatchObject({ code: 0 });
  expect(codexEntry(join(folder, "config.toml")).command).toBe(process.execPath);
  expect(statSync(join(folder, "config.toml")).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["config.toml"]);
});

test("codex: a link stays a link, and an entry that has become wrong is mended with what was added to it", async () => {
  const { home, folder } = withCodex();
  mkdirSync(folder);
  const kept = join(home.folder, "dotfiles.toml");
  const old = `${mine}\n[mcp_servers.agent-bridge]\ncommand = "/gone"\nenabled = false\nenv = { MINE = "1", AGENT_BRIDGE_HOME = "/old" }\n`;
  writeFileSync(kept, old);
  const file = join(folder, "config.toml");
  symlinkSync(kept, file);
  expect(await home.run(["connect", "codex", "--yes"])).toMatchObject({ code: 0 });
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(codexEntry(kept)).toMatchObject({
    command: process.execPath,
    enabled: false,
    env: { MINE: "1", AGENT_BRIDGE_HOME: home.folder },
  });
});

test("where nobody can be asked the change is shown and not made", async () => {
  const { home, file } = withCodex(mine);
  const shown = await home.run(["connect", "codex"]);
  expect(shown).toMatchObject({
    code: 2,
    stdout: expect.stringContaining("+[mcp_servers.agent-bridge]"),
    stderr: expect.stringContaining("--yes"),
  });
  expect(shown.stdout).not.toContain("model =");
  const asJson = await home.run(["connect", "codex", "--json"]);
  expect(asJson.code).toBe(2);
  expect(document(asJson.stdout)).toMatchObject({
    changed: false,
    wanted: expect.arrayContaining(["+[mcp_servers.agent-bridge]"]),
  });
  expect(readFileSync(file, "utf8")).toBe(mine);
});

test("codex: a file that is not edited without harm is refused, and stays", async () => {
  const text = 'mcp_servers = { other = { command = "c" } }\n';
  const { home, file } = withCodex(text);
  expect(await home.run(["connect", "codex", "--yes"])).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/--print shows.*\(CONFIG_INVALID\)/),
  });
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("--print says what belongs into the settings, and changes nothing", async () => {
  const { home, file } = withCodex(mine);
  const snippet = await home.run(["connect", "codex", "--print"]);
  expect(snippet).toMatchObject({ code: 0, stderr: "" });
  expect(parse(snippet.stdout)).toMatchObject({
    mcp_servers: { "agent-bridge": { command: process.execPath, tool_timeout_sec: 300 } },
  });
  const command = await home.run(["connect", "claude", "--print"]);
  expect(command.stdout).toMatch(/^claude mcp add --scope user agent-bridge --env .* -- \S+/);
  expect(readFileSync(file, "utf8")).toBe(mine);
});

/** Does to its file what Claude's own command was seen to do. */
const claudeProgram = `#!${process.execPath}
const { readFileSync, writeFileSync, existsSync } = require("node:fs");
const file = process.env.HOME + "/.claude.json";
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const [, , mcp, verb, , , name, ...rest] = process.argv;
const servers = (state.mcpServers ??= {});
const refuse = (text) => { console.error(text); process.exit(1); };
if (verb === "remove") {
  if (!(name in servers)) refuse("No MCP server named " + name);
  delete servers[name];
} else {
  if (name in servers) refuse("MCP server " + name + " already exists in user config");
  const at = rest.indexOf("--");
  const pairs = rest.slice(0, at).filter((word) => word !== "--env").map((word) => word.split("="));
  const [command, ...args] = rest.slice(at + 1);
  servers[name] = { type: "stdio", command, args, env: Object.fromEntries(pairs) };
}
writeFileSync(file, JSON.stringify(state));
`;

function withClaude(): { home: Home; env: Record<string, string>; file: string } {
  const home = makeHome();
  const bin = join(home.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "claude"), claudeProgram);
  chmodSync(join(bin, "claude"), 0o755);
  const env = { PATH: `${bin}${delimiter}${home.env["PATH"]}` };
  return { home, env, file: join(home.folder, ".claude.json") };
}

test("claude: its own command is run, once, also where an old entry is in the way", async () => {
  const { home, env, file } = withClaude();
  const servers = (): unknown =>
    (JSON.parse(readFileSync(file, "utf8")) as { mcpServers: unknown }).mcpServers;
  const made = await home.run(["connect", "claude", "--yes"], { env });
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("claude mcp add --scope user agent-bridge --env"),
  });
  const entry = {
    command: process.execPath,
    args: expect.arrayContaining(["mcp"]),
    env: { AGENT_BRIDGE_HOME: home.folder, XDG_STATE_HOME: home.env["XDG_STATE_HOME"] },
  };
  expect(servers()).toMatchObject({ "agent-bridge": entry });
  const again = await home.run(["connect", "claude"], { env });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("already") });
  const old = { type: "stdio", command: "/gone", args: [], env: { MINE: "1" } };
  writeFileSync(file, JSON.stringify({ mcpServers: { "agent-bridge": old, other: old } }));
  expect(await home.run(["connect", "claude", "--yes"], { env })).toMatchObject({ code: 0 });
  expect(servers()).toMatchObject({
    "agent-bridge": { ...entry, env: { ...entry.env, MINE: "1" } },
    other: old,
  });
  expect(await home.run(["connect", "claude", "--remove", "--yes"], { env })).toMatchObject({
    code: 0,
  });
  expect(servers()).toEqual({ other: old });
});

test("codex: that it need not ask is written only if wanted, and claude knows no such setting", async () => {
  const { home, file } = withCodex(mine);
  expect(await home.run(["connect", "codex", "--yes"])).toMatchObject({ code: 0 });
  expect(codexEntry(file)).not.toHaveProperty("default_tools_approval_mode");
  expect(await home.run(["connect", "codex", "--approve", "--yes"])).toMatchObject({ code: 0 });
  expect(codexEntry(file)).toMatchObject({ default_tools_approval_mode: "approve" });
  const kept = await home.run(["connect", "codex"]);
  expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining("already") });
  expect(await home.run(["connect", "claude", "--approve"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("/permissions"),
  });
});

test("claude: where its command is not installed, that is told with what to run", async () => {
  const home = makeHome();
  const env = { PATH: join(home.folder, "empty") };
  expect(await home.run(["connect", "claude", "--yes"], { env })).toMatchObject({
    code: 3,
    stdout: expect.stringContaining("claude mcp add"),
    stderr: expect.stringContaining("not on the PATH"),
  });
});
