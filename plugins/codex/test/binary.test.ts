import { chmod, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { findBinary } from "../src/binary.ts";
import { temporaryFolder } from "./fake-codex.ts";

const { folder, remove } = temporaryFolder();
const bin = join(folder, "bin");
/** A module from which no `@openai/codex` is resolved. */
const from = join(folder, "elsewhere", "index.js");

beforeEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(bin, { recursive: true });
});
afterAll(remove);

/** An npm install with its wrapper, its native binary, and no programs in them. */
async function installed(
  prefix: string,
  place = "bin",
): Promise<{ wrapper: string; native: string }> {
  const root = join(prefix, "node_modules", "@openai");
  const wrapper = join(root, "codex", "bin", "codex.js");
  const platform = join(root, `codex-${process.platform}-${process.arch}`);
  const native = join(platform, "vendor", "some-target", place, "codex");
  await mkdir(join(native, ".."), { recursive: true });
  await mkdir(join(wrapper, ".."), { recursive: true });
  for (const [path, name] of [
    [join(root, "codex", "package.json"), "@openai/codex"],
    [join(platform, "package.json"), `@openai/codex-${process.platform}-${process.arch}`],
  ] as const) {
    await writeFile(path, JSON.stringify({ name, version: "0.0.0" }));
  }
  for (const path of [wrapper, native]) await executable(path);
  return { wrapper, native };
}

async function executable(path: string, text = "#!/usr/bin/env node\n"): Promise<string> {
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

test("the package beside the plugin gives its native binary, never the wrapper", async () => {
  const binary = await findBinary({ searchPath: "" });
  expect(binary?.foundBy).toBe("package");
  expect(binary?.path).toMatch(/\/vendor\/[^/]+\/bin\/codex$/);
});

test("the option comes first, and is used as it is", async () => {
  const command = await executable(join(folder, "mine"));
  expect(await findBinary({ command, searchPath: bin })).toEqual({
    path: command,
    foundBy: "option",
  });
});

test("an option that names nothing is kept, so that the start says what is wrong", async () => {
  expect(await findBinary({ command: "/no/such/codex" })).toMatchObject({ path: "/no/such/codex" });
});

test("a binary on the PATH is the last to be taken", async () => {
  const path = await executable(join(bin, "codex"), "a native binary");
  const searchPath = ["relative", "/no/such/folder", bin].join(":");
  expect(await findBinary({ searchPath, from })).toEqual({ path, foundBy: "PATH" });
});

test("none at all is undefined", async () => {
  await mkdir(join(bin, "codex"));
  expect(await findBinary({ searchPath: bin, from })).toBeUndefined();
});

test("npm's link to its wrapper leads to the native binary", async () => {
  const { wrapper, native } = await installed(folder);
  await symlink(wrapper, join(bin, "codex"));
  const found = await findBinary({ searchPath: bin, from });
  expect(found?.path).toBe(await realpath(native));
  expect((await findBinary({ command: wrapper }))?.path).toBe(await realpath(native));
});

test("an older package, with another folder, leads to its binary too", async () => {
  const { wrapper, native } = await installed(folder, "codex");
  expect((await findBinary({ command: wrapper }))?.path).toBe(await realpath(native));
});

test("pnpm's shell shim leads to the native binary", async () => {
  const { native } = await installed(folder);
  const target = "../node_modules/@openai/codex/bin/codex.js";
  const text = `#!/bin/sh\nexec node  "$basedir_abs"/'${target}' "$@"\n`;
  const path = await executable(join(bin, "codex"), text);
  expect((await findBinary({ command: path }))?.path).toBe(await realpath(native));
  await executable(path, `#!/bin/sh\nexec node "$basedir/${target}" "$@"\n`);
  expect((await findBinary({ command: path }))?.path).toBe(await realpath(native));
});
