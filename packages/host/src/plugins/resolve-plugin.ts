import { existsSync, readFileSync, statSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** Where plugins are looked for. */
export interface PluginPlaces {
  /** Its `node_modules` is looked at first; those of its parent folders are not. */
  readonly configFolder: string;
  /** URLs of modules whose own dependencies come next, in this order. */
  readonly resolveFrom: readonly string[];
}

/** Where a plugin is: a package's folder, or a file that is no package. */
export type PluginPlace = { readonly folder: string } | { readonly file: string };

/**
 * Finds a plugin. A name that begins with `/` or `./` is a file, or a package's folder; a relative one is
 * taken from the config folder.
 *
 * @returns undefined when it is not installed
 */
export function locatePlugin(specifier: string, places: PluginPlaces): PluginPlace | undefined {
  if (isPath(specifier)) {
    const path = resolve(places.configFolder, specifier);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    return found.isDirectory() ? { folder: path } : { file: path };
  }
  const installed = join(places.configFolder, "node_modules", specifier);
  if (existsSync(join(installed, "package.json"))) return { folder: installed };
  for (const from of places.resolveFrom) {
    const manifest = findPackage(specifier, from);
    if (manifest !== undefined) return { folder: dirname(manifest) };
  }
  return undefined;
}

/** The URL of the file to import. @throws Error when a package names none */
export function entryOf(place: PluginPlace): string {
  return "file" in place ? pathToFileURL(place.file).href : entryOfPackage(place.folder);
}

const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/** True for what may stand in `plugins`: a package's name or a path. */
export function isPluginSpecifier(specifier: string): boolean {
  return isPath(specifier) || packageName.test(specifier);
}

/** True for a path: absolute, or from the config folder. */
export function isPath(specifier: string): boolean {
  return isAbsolute(specifier) || specifier.startsWith("./");
}

function findPackage(name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, from);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function entryOfPackage(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports?: unknown;
    main?: unknown;
  };
  const root = rootOf(manifest.exports);
  const target =
    root === undefined ? (manifest.main ?? "index.js") : pickTarget(root, importConditions());
  const file = typeof target === "string" ? join(folder, target) : undefined;
  if (file === undefined || !file.startsWith(folder + sep) || !existsSync(file)) {
    throw new Error(`${join(folder, "package.json")} names no file that can be imported.`);
  }
  return pathToFileURL(file).href;
}

/** `exports` is either the table of entries, of which "." is the main one, or that entry itself. */
function rootOf(exports: unknown): unknown {
  if (exports === null || typeof exports !== "object") return exports;
  return "." in exports ? exports["."] : exports;
}

/** The first target whose condition holds, in the order of the manifest (Node's package entry points). */
function pickTarget(target: unknown, conditions: ReadonlySet<string>): unknown {
  if (Array.isArray(target)) {
    return target.map((each) => pickTarget(each, conditions)).find((each) => each !== undefined);
  }
  if (target === null || typeof target !== "object") return target;
  for (const [condition, inner] of Object.entries(target)) {
    if (!conditions.has(condition)) continue;
    const picked = pickTarget(inner, conditions);
    if (picked !== undefined) return picked;
  }
  return undefined;
}

/** Node's own conditions for `import`, and those that this process was started with. */
function importConditions(): ReadonlySet<string> {
  const given = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  const named = given.flatMap((text, index) => {
    if (text === "-C" || text === "--conditions") return [given[index + 1] ?? ""];
    return text.startsWith("--conditions=") ? [text.slice("--conditions=".length)] : [];
  });
  return new Set(["node", "import", "module-sync", "default", ...named]);
}
