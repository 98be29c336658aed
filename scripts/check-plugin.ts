/**
 * What the author of a plugin outside of this workspace meets: the example is packed as npm packs it, installed
 * beside a configuration, and run by the packed and installed command. A note goes in, the plugin's runner
 * answers it, and the reply goes out.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { serveRegistry } from "./local-registry.ts";
import { packPackages } from "./packed-packages.ts";

const example = new URL("../examples/out-of-tree-plugin", import.meta.url).pathname;
const name = "agent-bridge-plugin-folder";
const replyMs = 60_000;

/** A command line in a folder of its own, with nothing of the workspace around it. */
interface Place {
  readonly home: string;
  readonly command: string;
  readonly registry: string;
  readonly tarball: string;
}

/** How the plugin gets beside the configuration. */
const ways: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  "added by the command, with the host's core and zod": async (place) => {
    await run(place, "plugin", "add", place.tarball);
    for (const peer of ["@agent-bridge/core", "zod"]) {
      if (existsSync(join(place.home, "node_modules", peer)))
        throw new Error(`${peer} came along.`);
    }
  },
  "installed by npm, with a core and zod of its own": async ({ home, registry, tarball }) => {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--registry", registry];
    writeFileSync(join(home, "package.json"), '{ "private": true }');
    await execa("npm", ["install", ...options, "--prefix", home, tarball], { cwd: home });
    for (const peer of ["@agent-bridge/core", "zod"]) {
      if (!existsSync(join(home, "node_modules", peer))) throw new Error(`${peer} is not there.`);
    }
  },
};

const environment = ({ home, registry }: Place): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  AGENT_BRIDGE_HOME: home,
  XDG_STATE_HOME: join(home, "xdg"),
  npm_config_registry: registry,
});

async function run(place: Place, ...args: readonly string[]): Promise<string> {
  const options = { cwd: place.home, env: environment(place), extendEnv: false } as const;
  const { stdout } = await execa(place.command, args, options);
  return stdout;
}

/** The only file of a folder, once there is one. */
async function onlyFile(folder: string): Promise<string> {
  const until = performance.now() + replyMs;
  for (;;) {
    const [file] = existsSync(folder)
      ? readdirSync(folder).filter((each) => each.endsWith(".json"))
      : [];
    if (file !== undefined) return readFileSync(join(folder, file), "utf8");
    if (performance.now() > until) throw new Error(`No reply came within ${replyMs} ms.`);
    await sleep(20);
  }
}

function expectSame(what: string, found: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

async function answersANote(place: Place): Promise<void> {
  const notes = join(place.home, "notes");
  const { declaration } = JSON.parse(
    await run(place, "plugin", "inspect", name, "--run", "--json"),
  ) as { declaration: { exampleRoutes: unknown } };
  const config = { plugins: { [name]: { path: notes } }, routes: declaration.exampleRoutes };
  writeFileSync(join(place.home, "config.jsonc"), JSON.stringify(config));
  await run(place, "up", "--detach");
  try {
    mkdirSync(join(notes, "inbox"), { recursive: true });
    const note = join(notes, "inbox", "note-1.json");
    writeFileSync(`${note}.new`, JSON.stringify({ from: "alice", text: "hello" }));
    renameSync(`${note}.new`, note);
    const reply: unknown = JSON.parse(await onlyFile(join(notes, "outbox")));
    expectSame("the reply", reply, { to: "alice", text: "hello!" });
    const status = JSON.parse(await run(place, "status", "--json")) as {
      plugins: { name: string; version: string; state: string }[];
    };
    const [plugin] = status.plugins;
    const facts = [plugin?.name, plugin?.version, plugin?.state];
    expectSame("the plugin", facts, ["folder", "1.0.0", "loaded"]);
    const until = performance.now() + replyMs;
    while (existsSync(note)) {
      if (performance.now() > until) throw new Error("The note was not acknowledged.");
      await sleep(20);
    }
  } finally {
    await run(place, "down");
  }
}

const out = mkdtempSync(join(tmpdir(), "agent-bridge-plugin-"));
let failures = 0;
try {
  const packed = await packPackages(out);
  await using registry = await serveRegistry(packed);
  const { url } = registry;
  const app = join(out, "app");
  mkdirSync(app);
  const quiet = ["--no-audit", "--no-fund", "--registry", url];
  await execa("npm", ["install", "--prefix", app, ...quiet, "agent-bridge"], { cwd: app });
  await execa("npm", ["pack", "--pack-destination", out, example], { cwd: out });
  for (const [number, [way, install]] of Object.entries(ways).entries()) {
    const place = {
      home: join(out, `home-${number}`),
      command: join(app, "node_modules/.bin/agent-bridge"),
      registry: url,
      tarball: join(out, `${name}-1.0.0.tgz`),
    };
    mkdirSync(place.home, { mode: 0o700 });
    try {
      await install(place);
      await answersANote(place);
      console.log(`ok    a plugin from outside, ${way}`);
    } catch (error) {
      failures++;
      console.log(`FAIL  a plugin from outside, ${way}\n${String(error)}`);
    }
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
