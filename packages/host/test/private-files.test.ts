import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  ensurePrivateFolder,
  readPrivateFile,
  requireTrusted,
  writePrivateFile,
} from "../src/private-files.ts";
import { temporaryFolder } from "./temporary.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("folders are made 0700 with their parents, and a wider mode is mended", () => {
  const folder = join(temporaryFolder(), "a/b");
  ensurePrivateFolder(folder);
  expect(modeOf(folder)).toBe(0o700);
  chmodSync(folder, 0o755);
  ensurePrivateFolder(folder);
  expect(modeOf(folder)).toBe(0o700);
});

test("files are written 0600 whole, and a wider mode is mended when they are read", () => {
  const folder = temporaryFolder();
  const file = join(folder, "key");
  writePrivateFile(file, "one");
  writePrivateFile(file, "two");
  expect(modeOf(file)).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["key"]);
  chmodSync(file, 0o644);
  expect(readPrivateFile(file)).toBe("two");
  expect(modeOf(file)).toBe(0o600);
  expect(readPrivateFile(join(folder, "none"))).toBeUndefined();
});

test("a file in the place of a folder is refused with advice and left as it is", () => {
  const path = join(temporaryFolder(), "state");
  writeFileSync(path, "mine");
  expect(() => ensurePrivateFolder(path)).toThrowError(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
  expect(readFileSync(path, "utf8")).toBe("mine");
});

test("a file that others may write is not trusted", () => {
  const path = join(temporaryFolder(), "config");
  writeFileSync(path, "{}");
  chmodSync(path, 0o666);
  expect(() => requireTrusted(path, statSync(path))).toThrowError(/chmod go-w/);
  chmodSync(path, 0o644);
  expect(() => requireTrusted(path, statSync(path))).not.toThrow();
});

test.runIf(process.getuid?.() === 0)("a folder of another user is refused by name", () => {
  const path = join(temporaryFolder(), "theirs");
  mkdirSync(path);
  chownSync(path, 4242, 4242);
  expect(() => ensurePrivateFolder(path)).toThrowError(/belongs to user 4242/);
});
