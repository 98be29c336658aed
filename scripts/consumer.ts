/**
 * What somebody who installs the packages meets: everything is installed by npm from the packed tarballs into
 * empty folders, outside of the workspace.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { PackedPackage } from "./packed-packages.ts";

/** What an installed command may weigh. */
const limits = { packages: 40, megabytes: 30 } as const;

const root = new URL("..", import.meta.url).pathname;
const quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];

/** The names under which a package can be imported. */
function entryPoints({ name, folder }: PackedPackage): readonly string[] {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  return Object.keys(exports)
    .filter((path) => path !== "./package.json")
    .map((path) => name + path.slice(1));
}

/** The entry points that need an optional peer, which is installed here as well, or begin a program. */
const peers = ["fast-check", "vitest"];
const programs = new Set(["agent-bridge/main"]);

/** The versions of these packages that the workspace itself uses. */
function workspaceVersions(names: readonly string[]): Readonly<Record<string, string>> {
  const catalog = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  return Object.fromEntries(
    names.map((name) => [
      name,
      new RegExp(`^  "?${name}"?: (\\S+)$`, "m").exec(catalog)?.[1] ?? "*",
    ]),
  );
}

/** A program that imports every entry point and says what each one offers. */
function importer(names: readonly string[]): string {
  const imports = names.map((name, number) => `import * as entry${number} from "${name}";`);
  const list = names.map((name, number) => `  ["${name}", entry${number}],`);
  return `${imports.join("\n")}
const entries: readonly (readonly [string, object])[] = [
${list.join("\n")}
];
for (const [name, entry] of entries) {
  const count = Object.keys(entry).length;
  if (count === 0) throw new Error(name + " exports nothing.");
  console.log(name + ": " + count);
}
`;
}

/**
 * Installs all packages into an empty folder, compiles a program that imports each entry point against their
 * types, with every check of the compiler, and runs it.
 *
 * @returns how many entry points were imported
 */
export async function installAsConsumer(
  packed: readonly PackedPackage[],
  of: { readonly folder: string; readonly registry: string },
): Promise<number> {
  const { folder, registry } = of;
  mkdirSync(folder, { recursive: true });
  const names = packed.flatMap(entryPoints).filter((name) => !programs.has(name));
  const dependencies = {
    ...Object.fromEntries(packed.map(({ name, version }) => [name, version])),
    ...workspaceVersions([...peers, "zod", "@types/node", "typescript"]),
  };
  const write = (name: string, content: object): void =>
    writeFileSync(join(folder, name), JSON.stringify(content, null, 2));
  write("package.json", { name: "consumer", private: true, type: "module", dependencies });
  write("tsconfig.json", {
    compilerOptions: {
      module: "nodenext",
      target: "es2024",
      lib: ["es2024", "esnext.disposable", "dom"],
      types: ["node"],
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      outDir: "out",
    },
    files: ["consumer.ts"],
  });
  writeFileSync(join(folder, "consumer.ts"), importer(names));
  const run = execa({ cwd: folder, all: true, preferLocal: true, localDir: folder });
  await run("npm", ["install", "--ignore-scripts", "--registry", registry, ...quiet]);
  await run("tsc", ["-p", "."]);
  const { stdout } = await run("node", ["out/consumer.js"]);
  return stdout.split("\n").length;
}

/** Installs the command as a person would, and counts what came with it. @throws Error over the limits */
export async function installCommand(of: {
  readonly prefix: string;
  readonly registry: string;
}): Promise<{ readonly packages: number; readonly megabytes: number; readonly command: string }> {
  const { prefix, registry } = of;
  const run = execa({ all: true });
  const global = ["--global", "--prefix", prefix];
  // Without --ignore-scripts: that there are none is part of what is checked.
  await run("npm", ["install", ...global, "--registry", registry, ...quiet, "agent-bridge"]);
  const { stdout: tree } = await run("npm", ["ls", ...global, "--all", "--parseable"]);
  const folders = tree.split("\n").slice(1);
  const { stdout: size } = await run("du", ["-sk", prefix]);
  const found = {
    packages: folders.length,
    megabytes: Math.round(Number.parseInt(size, 10) / 102.4) / 10,
  };
  for (const folder of folders) {
    const { scripts = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      scripts?: Record<string, string>;
    };
    const script = ["preinstall", "install", "postinstall"].find((name) => name in scripts);
    if (script !== undefined) throw new Error(`${folder} has the script ${script}.`);
  }
  if (found.packages > limits.packages || found.megabytes > limits.megabytes) {
    throw new Error(
      `${found.packages} packages, ${found.megabytes} MB; at most ${limits.packages} and ${limits.megabytes} MB are wanted.`,
    );
  }
  return { ...found, command: join(prefix, "bin/agent-bridge") };
}
