import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseConfig } from "@agent-bridge/host";
import { expect, onTestFinished, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const example = join(root, "examples/out-of-tree-plugin");
const text = readFileSync(join(root, "docs/plugins.md"), "utf8");

/** The fences that stand under a file's name. */
const files = [...text.matchAll(/^`([\w.]+)`\n\n```\w+\n(.*?)^```$/gms)].map(
  ([, name = "", content = ""]) => ({ name, content }),
);
const inExample = files.filter(({ name }) => name !== "plugin.test.js");

test("the page shows every file of the example", () => {
  expect(inExample.map(({ name }) => name)).toEqual([
    "package.json",
    "kind.js",
    "channel.js",
    "runner.js",
    "index.js",
  ]);
});

test.for(inExample)("the page shows $name as it is", ({ name, content }) => {
  const own = readFileSync(join(example, name), "utf8");
  // The formatter breaks the lines of JSON otherwise in a document.
  const read = (file: string): unknown => (name.endsWith(".json") ? JSON.parse(file) : file);
  expect(read(content)).toEqual(read(own));
});

test("the page's configuration is one", () => {
  const [, config = ""] = /^```jsonc\n(.*?)^```$/ms.exec(text) ?? [];
  expect(parseConfig(config, "config.jsonc")).toHaveProperty("loaded");
});

test("the page's test of the example passes", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(import.meta.dirname, ".plugin-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(example, folder, { recursive: true });
  const own = files.find(({ name }) => name === "plugin.test.js");
  writeFileSync(join(folder, "plugin.test.js"), own?.content ?? "");
  writeFileSync(
    join(folder, "vitest.config.js"),
    `const conditions = ["agent-bridge-source", "node", "import", "default"];
    export default { resolve: { conditions }, ssr: { resolve: { conditions } },
      test: { execArgv: ["--conditions=agent-bridge-source"] } };`,
  );
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const file = join(folder, "report.json");
  const reporting = ["--reporter=json", `--outputFile=${file}`];
  await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder, ...reporting], {
    cwd: folder,
  });
  const report = JSON.parse(readFileSync(file, "utf8")) as {
    success: boolean;
    numPassedTests: number;
  };
  expect(report).toMatchObject({ success: true });
  expect(report.numPassedTests).toBeGreaterThan(10);
});
