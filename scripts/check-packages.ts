/**
 * Builds every package, packs it, lets publint and attw look at the tarballs as npm would serve them, and
 * installs them as their users would: all in an empty folder, and the command alone.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { relative, join } from "node:path";
import { execa, ExecaError } from "execa";
import { installAsConsumer, installCommand } from "./consumer.ts";
import { serveRegistry } from "./local-registry.ts";
import {
  buildPackages,
  packageFolders,
  packPackage,
  type PackedPackage,
} from "./packed-packages.ts";

const root = new URL("..", import.meta.url).pathname;
const out = mkdtempSync(join(tmpdir(), "agent-bridge-pack-"));
const run = execa({ cwd: root, preferLocal: true, all: true });
let failures = 0;

async function step<R>(
  name: string,
  work: () => Promise<R>,
  about: (result: R) => string = () => "",
): Promise<R | undefined> {
  try {
    const result = await work();
    console.log(`ok    ${name}${about(result)}`);
    return result;
  } catch (error) {
    failures++;
    const said = error instanceof ExecaError ? error.all || error.shortMessage : String(error);
    console.log(`FAIL  ${name}\n${said}`);
    return undefined;
  }
}

async function installed(packed: readonly PackedPackage[]): Promise<void> {
  await using registry = await serveRegistry(packed);
  const { url } = registry;
  await step(
    "installed in an empty folder, every entry point compiles and runs",
    async () => await installAsConsumer(packed, { folder: join(out, "consumer"), registry: url }),
    (count) => `: ${count}`,
  );
  const command = await step(
    "npm install -g agent-bridge",
    async () => await installCommand({ prefix: join(out, "prefix"), registry: url }),
    ({ packages, megabytes }) => `: ${packages} packages, ${megabytes} MB, no install script`,
  );
  if (command === undefined) return;
  const home = join(out, "home");
  const env = { AGENT_BRIDGE_HOME: home };
  await step(
    "the installed command: version",
    async () => await execa(command.command, ["version"], { env, all: true }),
  );
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, "config.jsonc"), '{ "routes": [] }\n', { mode: 0o600 });
  await step(
    "the installed command: doctor",
    async () => await execa(command.command, ["doctor"], { env, all: true }),
  );
}

try {
  await step("build", buildPackages);
  const all: PackedPackage[] = [];
  for (const folder of packageFolders()) {
    const packed = await step(
      `${relative(root, folder)}: pack`,
      async () => await packPackage(folder, out),
    );
    if (packed === undefined) continue;
    all.push(packed);
    const { name, tarball } = packed;
    if (name === "@agent-bridge/plugin-portal")
      await step(
        `${name}: the built page is in it`,
        async () => await run("tar", ["-tzf", tarball, "package/dist/page/index.html"]),
      );
    await step(`${name}: publint`, async () => await run("publint", ["run", tarball, "--strict"]));
    await step(`${name}: attw`, async () => await run("attw", [tarball, "--profile", "esm-only"]));
  }
  await installed(all);
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
