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

/** The rows of all tables: a number, what it is, and the titles in the last column. */
const rows = readFileSync(join(root, "docs/contracts.md"), "utf8")
  .split("\n")
  .map((line) => /^\|\s*(\d+)\s*\|.*\|\s*(`.*`)\s*\|$/.exec(line))
  .filter((match) => match !== null)
  .map((match) => ({
    number: Number(match[1]),
    titles: [...(match[2] as string).matchAll(/`([^`]+)`/g)].map((title) => title[1] as string),
  }));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("docs/contracts.md", () => {
  test("names all 16 contracts and 11 faults of the first seed, and the 23 contracts of the second", () => {
    expect(rows.map((row) => row.number)).toEqual([...upTo(16), ...upTo(11), ...upTo(23)]);
  });

  const sources = testSources();
  test.for(rows.flatMap((row) => row.titles))("is proved by a test: %s", (title) => {
    expect(sources.includes(JSON.stringify(title).slice(1, -1))).toBe(true);
  });
});
