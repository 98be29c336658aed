import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The text of every test file of the workspace. */
function testSources(): string {
  const folders = ["packages", "plugins"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name, "test")),
  );
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(folder, name)),
  );
  return files.map((file) => readFileSync(file, "utf8")).join("\n");
}

const titles = [
  ...readFileSync(join(root, "docs/contracts.md"), "utf8").matchAll(
    /`((?:contract|fault) \d+: [^`]+)`/g,
  ),
].map((match) => match[1] as string);

describe("docs/contracts.md", () => {
  test("names all contracts and faults", () => {
    const numbers = (word: string): Set<number> =>
      new Set(
        titles
          .filter((title) => title.startsWith(word))
          .map((title) => Number(/\d+/.exec(title)?.[0])),
      );
    expect(numbers("contract").size).toBe(16);
    expect(numbers("fault").size).toBe(11);
  });

  const sources = testSources();
  test.for(titles)("is proved by a test: %s", (title) => {
    expect(sources).toContain(JSON.stringify(title).slice(1, -1));
  });
});
