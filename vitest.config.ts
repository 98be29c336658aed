import { readdirSync, readFileSync, existsSync } from "node:fs";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

/** Every workspace package with a `test` folder is a project under its own name. */
const packageFolders = ["packages", "plugins"].flatMap((parent) =>
  readdirSync(new URL(parent, import.meta.url))
    .map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(new URL(`${folder}/test`, import.meta.url))),
);

const nameOf = (folder: string): string => {
  const json: unknown = JSON.parse(
    readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8"),
  );
  return (json as { name: string }).name;
};

/** Tests import the sources of the packages, so none has to be built first. */
const conditions = ["agent-bridge-source", "node"];

/** Where a machine-readable report is wanted as well. */
const report = process.env["AGENT_BRIDGE_TEST_REPORT"];

/** What a project needs once for all of its tests, like a database server. */
const globalSetupOf = (folder: string): string[] => {
  const file = new URL(`${folder}/test/fixtures/global-setup.ts`, import.meta.url);
  return existsSync(file) ? [file.pathname] : [];
};

const projectOf = (name: string, root: string): TestProjectInlineConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    root,
    include: ["test/**/*.test.ts"],
    environment: "node",
    execArgv: ["--conditions=agent-bridge-source"],
    testTimeout: 20_000,
    globalSetup: globalSetupOf(root),
  },
});

export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      // What tests the documents against the code.
      projectOf("docs", "docs"),
      ...packageFolders.map((folder) => projectOf(nameOf(folder), folder)),
    ],
  },
});
