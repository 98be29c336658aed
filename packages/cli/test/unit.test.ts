import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { launchdPlist } from "../src/unit/launchd-plist.ts";
import { systemdUnit } from "../src/unit/systemd-unit.ts";
import { document, makeHome, workingConfig } from "./home.ts";

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

const odd = {
  command: [
    "/opt/my node/$HOME 100%/node",
    "--conditions=agent-bridge-source",
    String.raw`/a \b/i"t's/` + "${X}/%h.js",
    "up",
  ],
  environment: { PATH: "/opt/my tools:/usr/bin", GREETING: 'a "b" $c %d \\e\n<&>' },
  stopSeconds: 45,
};

/** What systemd itself reads a unit as; fails where it finds anything to complain of. */
function verify(unit: string): void {
  const folder = mkdtempSync(join(tmpdir(), "bridge-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "agent-bridge.service");
  writeFileSync(file, unit);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--user", file], {
    env: { PATH: process.env["PATH"], HOME: folder, XDG_RUNTIME_DIR: folder },
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}

/** A small reader of property lists, strict about their form. */
function readPlist(text: string): unknown {
  const tokens = [...text.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>([^<>]*)/g)].map((match) => ({
    isEnd: match[1] === "/",
    name: match[2] ?? "",
    isEmpty: match[3] === "/",
    text: (match[4] ?? "")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&#13;", "\r")
      .replaceAll("&amp;", "&"),
  }));
  let at = tokens.findIndex(({ name }) => name === "plist") + 1;
  const close = (name: string): void => expect(tokens[at++]).toMatchObject({ isEnd: true, name });
  const value = (): unknown => {
    const token = tokens[at++];
    switch (token?.name) {
      case "true":
      case "false":
        if (!token.isEmpty) throw new Error(`${token.name} is not empty`);
        return token.name === "true";
      case "integer":
      case "string":
      case "key":
        close(token.name);
        return token.name === "integer" ? Number(token.text) : token.text;
      case "array": {
        const items: unknown[] = [];
        while (tokens[at]?.isEnd === false) items.push(value());
        close("array");
        return items;
      }
      case "dict": {
        const entries: [string, unknown][] = [];
        while (tokens[at]?.isEnd === false) entries.push([value() as string, value()]);
        close("dict");
        return Object.fromEntries(entries);
      }
      default:
        throw new Error(`unexpected ${JSON.stringify(token)}`);
    }
  };
  const read = value();
  close("plist");
  expect(at).toBe(tokens.length);
  return read;
}

test("a systemd unit quotes odd paths and values so that they arrive as they are", () => {
  const unit = systemdUnit(odd);
  const words = [
    String.raw`ExecStart=:"/opt/my node/$HOME 100%%/node"`,
    String.raw`"--conditions=agent-bridge-source"`,
    String.raw`"/a \\b/i\"t's/` + '${X}/%%h.js"',
    '"up"',
  ];
  expect(unit).toContain(`${words.join(" ")}\n`);
  expect(unit).toContain('Environment="GREETING=a \\"b\\" $c %%d \\\\e\\x0a<&>"\n');
});

test.skipIf(!hasSystemd)("systemd takes the unit, also with odd paths", () => {
  const folder = mkdtempSync(join(tmpdir(), "bridge unit $HOME 100% "));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const node = join(folder, "my node");
  symlinkSync(process.execPath, node);
  verify(systemdUnit({ ...odd, command: [node, ...odd.command.slice(1)] }));
  expect(() => systemdUnit({ ...odd, command: ["/it's/node"] })).toThrowError(
    expect.objectContaining({ code: "INPUT_INVALID" }),
  );
});

test("a launchd agent carries odd paths and values as they are, and what launchd needs", () => {
  expect(readPlist(launchdPlist(odd))).toEqual({
    Label: "io.github.agent-bridge",
    ProgramArguments: odd.command,
    EnvironmentVariables: odd.environment,
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    ExitTimeOut: 45,
    Umask: 0o077,
    StandardOutPath: "/dev/null",
    StandardErrorPath: "/dev/null",
  });
  expect(() => launchdPlist({ ...odd, command: ["/a\u0001b"] })).toThrowError(
    expect.objectContaining({ code: "INPUT_INVALID" }),
  );
});

test("up --print-unit prints the file and nothing else on stdout, says what to do on stderr, starts nothing", async () => {
  const home = makeHome();
  home.writeConfig({
    ...workingConfig,
    limits: { turn: { graceMs: 9_500 } },
    daemon: { env: { GREETING: "hello" } },
  });
  const env = { CLIENT_TOKEN: "a-secret-of-the-client" };
  const printed = await home.run(["up", "--print-unit", "systemd"], { env });
  expect(printed.code).toBe(0);
  expect(printed.stdout).toMatch(/^\[Unit\]\n/);
  for (const line of [
    `"${process.execPath}"`,
    'Environment="GREETING=hello"',
    `Environment="AGENT_BRIDGE_HOME=${home.folder}"`,
    "KillMode=mixed",
    "TimeoutStopSec=50",
    "UMask=0077",
  ]) {
    expect(printed.stdout).toContain(line);
  }
  expect(printed.stdout).not.toContain("a-secret-of-the-client");
  expect(printed.stderr).toContain("Nothing is installed.");
  expect(printed.stderr).toContain("loginctl enable-linger");
  if (hasSystemd) verify(printed.stdout);
  const plist = await home.run(["up", "--print-unit", "launchd", "--config", home.configFile]);
  expect(readPlist(plist.stdout)).toMatchObject({
    ProgramArguments: expect.arrayContaining(["up", "--config", home.configFile]),
    EnvironmentVariables: { GREETING: "hello" },
  });
  expect(await home.run(["status"])).toMatchObject({ code: 4 });
});

test("with --json the file comes with its place and the commands that make it count", async () => {
  const home = makeHome();
  mkdirSync(home.state, { recursive: true });
  const { stdout } = await home.run(["up", "--print-unit", "--json"]);
  expect(document(stdout)).toMatchObject({
    unit: expect.stringContaining("agent-bridge"),
    file: expect.stringMatching(/^~\//),
    commands: expect.arrayContaining([expect.stringContaining("ctl")]),
  });
});
