import { constants } from "node:fs";
import { access, open, readdir, realpath, stat } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a binary was found. */
export interface CodexBinary {
  readonly path: string;
  readonly foundBy: "option" | "package" | "PATH";
}

/** How Codex is installed. */
export const installCommand = "npm install -g @openai/codex";

/** What to do where there is none. */
export const installAdvice =
  "Codex was not found. Install it (`npm install -g @openai/codex`), or set the plugin's option `command` to its path.";

/** Where to look. */
export interface BinarySearch {
  readonly command?: string | undefined;
  /** The PATH to search, as in the environment. */
  readonly searchPath?: string | undefined;
  /** The path of the module from which `@openai/codex` is looked for; this plugin by default. */
  readonly from?: string | undefined;
}

/**
 * Finds the native binary: the one of the option, the one of the npm package `@openai/codex`, or `codex` on the
 * PATH. npm's JavaScript wrapper is never used, since ending it need not end the binary that it starts.
 *
 * @returns `undefined` when there is none; nothing is said of whether it can be run
 */
export async function findBinary(search: BinarySearch): Promise<CodexBinary | undefined> {
  const { command, searchPath = "", from = fileURLToPath(import.meta.url) } = search;
  if (command !== undefined) {
    return { path: (await behindWrapper(command)) ?? command, foundBy: "option" };
  }
  const packaged = await nativeOf(from);
  if (packaged !== undefined) return { path: packaged, foundBy: "package" };
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, "codex");
    // A relative entry means another folder for every process.
    if (!isAbsolute(folder) || !(await isExecutable(path))) continue;
    return { path: (await behindWrapper(path)) ?? path, foundBy: "PATH" };
  }
  return undefined;
}

const wrapperPath = /@openai\/codex\/bin\/codex\.js$/;
/** The line of a package manager's shell shim that names the wrapper. */
const shimTarget = /\$basedir\w*["']*\/["']*([^"'\n]*@openai\/codex\/bin\/codex\.js)/;
const shimBytes = 16 * 1024;

/** The native binary that a wrapper or a shim starts; `undefined` for anything else. */
async function behindWrapper(path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(absent);
  if (real === undefined) return undefined;
  if (wrapperPath.test(real)) return nativeOf(real);
  const target = shimTarget.exec(await beginningOf(real))?.[1];
  return target === undefined ? undefined : nativeOf(join(dirname(real), target));
}

async function beginningOf(path: string): Promise<string> {
  await using file = await open(path).catch(absent);
  if (file === undefined) return "";
  const { buffer, bytesRead } = await file.read(Buffer.alloc(shimBytes), 0, shimBytes, 0);
  return buffer.toString("latin1", 0, bytesRead);
}

/** The native binary of the npm package that a module resolves; `undefined` when it resolves none. */
async function nativeOf(module: string): Promise<string | undefined> {
  const root = await packageFolder(module, "@openai/codex");
  if (root === undefined) return undefined;
  const platform = `@openai/codex-${process.platform}-${process.arch}`;
  const holder = (await packageFolder(join(root, "package.json"), platform)) ?? root;
  const vendor = join(holder, "vendor");
  for (const target of (await readdir(vendor).catch(absent)) ?? []) {
    // The second is where older versions keep it.
    for (const folder of ["bin", "codex"]) {
      const path = join(vendor, target, folder, "codex");
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

/**
 * The real folder of a package, from the `node_modules` beside and above a module. `NODE_PATH` has no say: what runs
 * with a person's login must not depend on a variable.
 */
async function packageFolder(module: string, name: string): Promise<string | undefined> {
  for (let folder = dirname(module); ; folder = dirname(folder)) {
    const found = await realpath(join(folder, "node_modules", name)).catch(absent);
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch (error) {
    return absent(error as NodeJS.ErrnoException) ?? false;
  }
}

/** What may not be read is as good as absent: the start says why. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "EISDIR"].includes(error.code ?? "")) return;
  throw error;
}
