/**
 * Every package as npm would serve it: built once, packed into a folder.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

const root = new URL("..", import.meta.url).pathname;

/** A package and its tarball. */
export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  /** Where its sources are. */
  readonly folder: string;
  readonly tarball: string;
}

/** The folders of all packages that are published. */
export function packageFolders(): readonly string[] {
  return ["packages", "plugins"].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
  );
}

/** Builds the workspace; repeated, it only builds what has changed. @throws Error with what the compiler says */
export async function buildPackages(): Promise<void> {
  await execa({ cwd: root, preferLocal: true, all: true })("tsc", ["-b"]);
}

/**
 * Packs one built package, with the versions of the workspace in the place of `workspace:` and `catalog:`.
 *
 * @param out the folder that takes the tarball
 * @throws Error with what pnpm says
 */
export async function packPackage(folder: string, out: string): Promise<PackedPackage> {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
  };
  const tarball = join(out, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  await execa({ cwd: root, preferLocal: true, all: true })("pnpm", [
    "--dir",
    folder,
    "pack",
    "--out",
    tarball,
  ]);
  return { name, version, folder, tarball };
}

/** Builds and packs every package that is published. @throws Error when a step fails */
export async function packPackages(out: string): Promise<readonly PackedPackage[]> {
  await buildPackages();
  const packed: PackedPackage[] = [];
  for (const folder of packageFolders()) packed.push(await packPackage(folder, out));
  return packed;
}
