import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const folders = ["packages", "plugins"].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
);
const manifests = folders.map((folder) => ({
  folder,
  manifest: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest,
}));
const roomOf = new Map(
  manifests.map(({ folder, manifest }) => [manifest.name, folder.split("/")[1] ?? folder]),
);

test("the picture's arrows are the dependencies of the packages", () => {
  const drawn = [...page.matchAll(/^ {2}([\w-]+) --> ([\w-]+)$/gm)].map(
    ([, from, to]) => `${from} --> ${to}`,
  );
  const real = manifests.flatMap(({ manifest: { name, dependencies, peerDependencies } }) =>
    Object.keys({ ...dependencies, ...peerDependencies })
      .filter((other) => roomOf.has(other))
      .map((other) => `${roomOf.get(name)} --> ${roomOf.get(other)}`),
  );
  expect(new Set(drawn)).toEqual(new Set(real));
});

test("every room has its row", () => {
  const rows = [...page.matchAll(/^\| `((?:packages|plugins)\/[\w-]+)`/gm)].map(([, room]) => room);
  expect(new Set(rows)).toEqual(new Set(folders));
});

test("every step names a file of the engine", () => {
  const engine = readdirSync(join(root, "packages/core/src/engine"));
  const steps = page.slice(page.indexOf("| Step"), page.indexOf("## What holds"));
  const named = [...steps.matchAll(/`([\w-]+\.ts)`/g)].map(([, file]) => file ?? "");
  expect(named.length).toBeGreaterThan(7);
  expect(named.filter((file) => !engine.includes(file))).toEqual([]);
});
