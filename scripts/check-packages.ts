/**
 * Builds every package, packs it, and lets publint and attw look at the tarballs as npm would serve them.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const root = new URL("..", import.meta.url).pathname;
const folders = ["packages", "plugins"].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
);

const out = mkdtempSync(join(tmpdir(), "agent-bridge-pack-"));
const run = execa({ cwd: root, preferLocal: true, all: true, reject: false });
let failures = 0;

async function step(name: string, command: string, args: readonly string[]): Promise<void> {
  const { exitCode, all, shortMessage } = await run(command, args);
  if (exitCode === 0) return console.log(`ok    ${name}`);
  failures++;
  console.log(`FAIL  ${name}\n${all === "" ? shortMessage : all}`);
}

try {
  await step("build", "tsc", ["-b"]);
  for (const folder of folders) {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      name: string;
    };
    const file = join(out, `${name.replaceAll(/[@/]/g, "-")}.tgz`);
    await step(`${name}: pack`, "pnpm", ["--dir", folder, "pack", "--out", file]);
    await step(`${name}: publint`, "publint", ["run", file, "--strict"]);
    await step(`${name}: attw`, "attw", [file, "--profile", "esm-only"]);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
