import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The TypeScript examples of a document. */
function examples(document: string): readonly string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
}

/** Runs a program from the sources of the workspace. @returns what it printed */
async function run(program: string): Promise<string> {
  const folder = mkdtempSync(join(import.meta.dirname, ".example-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, program);
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--conditions=agent-bridge-source",
      file,
    ]);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the example of core's README does what its text says", async () => {
  const [program = ""] = examples("packages/core/README.md");
  const lines = (await run(program)).trim().split("\n");
  expect(lines[0]).toBe("1 task.created");
  expect(lines.at(-2)).toMatch(/^\d+ task\.completed$/);
  expect(lines.at(-1)).toBe("hello");
});

test("the example of testing's README is the memory store's own test", () => {
  const [program = ""] = examples("packages/testing/README.md");
  const own = readFileSync(join(root, "packages/core/test/memory-store.test.ts"), "utf8");
  const flat = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
  expect(flat(own)).toContain(flat(program.slice(program.indexOf("storeConformance({"))));
});
