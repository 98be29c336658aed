import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";
import { sizeLimit } from "../build/size-limit.ts";

test("a page above its limit is not built", async () => {
  const root = await mkdtemp(join(tmpdir(), "agent-bridge-size-"));
  try {
    await writeFile(join(root, "index.html"), "<!doctype html><title>page</title>");
    const buildWith = async (bytes: number): Promise<unknown> =>
      await build({ root, configFile: false, logLevel: "silent", plugins: [sizeLimit({ bytes })] });
    await expect(buildWith(10)).rejects.toThrow("the limit is 10");
    await buildWith(1_000);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
