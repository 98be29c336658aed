import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Every document of the repository, but for what is generated. */
function documents(): readonly string[] {
  const inFolder = (folder: string): string[] =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".md") && !/(^|\/)(node_modules|dist)\//.test(name))
          .filter((name) => !name.endsWith("CHANGELOG.md"))
          .map((name) => join(root, folder, name))
      : [];
  const packages = ["packages", "plugins"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name, "README.md")),
  );
  return [
    ...["README.md", "CONTRIBUTING.md", "SECURITY.md"].map((name) => join(root, name)),
    ...packages.filter((file) => existsSync(file)),
    ...inFolder("docs"),
  ];
}

const scripts = Object.keys(
  (
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    }
  ).scripts,
);

/** Own commands of pnpm, which are no scripts. */
const pnpmCommands = new Set(["install", "add", "exec", "run", "pack", "changeset"]);

const spans = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);

const isPath = (span: string): boolean =>
  /^(packages|plugins|docs|scripts|\.ci|\.changeset|\.github)\/[\w./-]+$/.test(span);

const scriptOf = (span: string): string | undefined =>
  /^(?:npx -y )?pnpm(?:@12)? (?:-s )?(?:run )?([a-z][\w:-]*)/.exec(span)?.[1];

describe.each(documents().map((file) => [relative(root, file), file] as const))("%s", (_, file) => {
  const text = readFileSync(file, "utf8");

  test("names only paths that exist", () => {
    const missing = spans(text).filter((span) => isPath(span) && !existsSync(join(root, span)));
    expect(missing).toEqual([]);
  });

  test("names only scripts that exist", () => {
    const named = spans(text)
      .map(scriptOf)
      .filter((name) => name !== undefined);
    expect(named.filter((name) => !scripts.includes(name) && !pnpmCommands.has(name))).toEqual([]);
  });

  test("links only to files that exist", () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      (match) => match[1] as string,
    );
    expect(targets.filter((target) => !existsSync(join(file, "..", target)))).toEqual([]);
  });
});
