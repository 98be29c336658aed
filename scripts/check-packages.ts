/**
 * Builds every package, packs it, and lets publint and attw look at the tarballs as npm would serve them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { relative, join } from "node:path";
import { execa, ExecaError } from "execa";
import { buildPackages, packageFolders, packPackage } from "./packed-packages.ts";

const root = new URL("..", import.meta.url).pathname;
const out = mkdtempSync(join(tmpdir(), "agent-bridge-pack-"));
const run = execa({ cwd: root, preferLocal: true, all: true });
let failures = 0;

async function step<R>(name: string, work: () => Promise<R>): Promise<R | undefined> {
  try {
    const result = await work();
    console.log(`ok    ${name}`);
    return result;
  } catch (error) {
    failures++;
    const said = error instanceof ExecaError ? error.all || error.shortMessage : String(error);
    console.log(`FAIL  ${name}\n${said}`);
    return undefined;
  }
}

try {
  await step("build", buildPackages);
  for (const folder of packageFolders()) {
    const packed = await step(
      `${relative(root, folder)}: pack`,
      async () => await packPackage(folder, out),
    );
    if (packed === undefined) continue;
    const { name, tarball } = packed;
    await step(`${name}: publint`, async () => await run("publint", ["run", tarball, "--strict"]));
    await step(`${name}: attw`, async () => await run("attw", [tarball, "--profile", "esm-only"]));
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
