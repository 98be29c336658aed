import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The sources of every test of the workspace, and of the suites that they run. */
function testSources(): string {
  const folders = ["packages", "plugins"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name, "test")),
  );
  const files = [...folders, join(root, "packages/testing/src/conformance")].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.test\.ts$|-cases\.ts$/.test(name))
      .map((name) => join(folder, name)),
  );
  return files.map((file) => readFileSync(file, "utf8")).join("\n");
}

/** The rows of the table: what is guarded against, and the titles in the last column. */
const rows = readFileSync(join(root, "docs/security.md"), "utf8")
  .split("\n")
  .map((line) => /^\| (?!Against|-)([^|]+?) *\|.*\| (`.*`) *\|$/.exec(line))
  .filter((match) => match !== null)
  .map((match) => ({
    against: match[1] as string,
    titles: [...(match[2] as string).matchAll(/`([^`]+)`/g)].map((title) => title[1] as string),
  }));

describe("docs/security.md", () => {
  test("names a test for every control", () => {
    expect(rows.length).toBeGreaterThanOrEqual(21);
    for (const { titles } of rows) expect(titles.length).toBeGreaterThan(0);
  });

  const sources = testSources();
  test.for(rows.flatMap(({ titles }) => titles))("is proved by a test: %s", (title) => {
    const text = JSON.stringify(title).slice(1, -1);
    expect(sources.includes(`"${text}"`) || sources.includes(`\`${title}\``)).toBe(true);
  });
});
