import { readdirSync, readFileSync, existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

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
const conditions = ["source", "node", "import", "default"];

export default defineConfig({
  test: {
    projects: packageFolders.map((folder) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name: nameOf(folder),
        root: folder,
        include: ["test/**/*.test.ts"],
        environment: "node",
        execArgv: ["--conditions=source"],
        testTimeout: 20_000,
      },
    })),
  },
});
