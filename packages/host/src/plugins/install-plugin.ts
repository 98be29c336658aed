import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { BridgeError } from "@agent-bridge/core";
import { ensurePrivateFolder } from "../private-files.ts";
import { runNpm, type NpmCall } from "./npm.ts";
import { describePlugin, type PluginDescription } from "./plugin-description.ts";
import { readPackage } from "./plugin-manifest.ts";

export interface PluginInstall {
  /** `NAME`, `NAME@VERSION`, or the absolute path of a packed file or of a package's folder. */
  readonly source: string;
  readonly configFolder: string;
  /** For npm: where it is, its settings, proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Packed files are kept here, beside the configuration: npm asks for them again at the next installation. */
const keptFolder = "plugin-packages";

/** A package's name, with a version, a range or a tag; nothing else of what npm takes. */
const registrySpec = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(@[^\s/:]+)?$/;

/**
 * Installs a plugin beside the configuration, in its exact version. Nothing of it is run, and the
 * configuration is not changed. It is installed in a folder of its own first: what turns out to be no plugin,
 * or one for another API, changes nothing.
 *
 * @throws BridgeError INPUT_INVALID, PLUGIN_NOT_FOUND, PLUGIN_INSTALL_FAILED, PLUGIN_FAILED, PLUGIN_API
 */
export async function installPlugin(install: PluginInstall): Promise<PluginDescription> {
  const { source, configFolder, env, signal } = install;
  ensurePrivateFolder(configFolder);
  const staging = mkdtempSync(join(configFolder, ".plugin-"));
  try {
    const call = { env, signal, plugin: source };
    const packed = isAbsolute(source)
      ? await pack(source, { ...call, folder: staging })
      : undefined;
    if (packed === undefined && !registrySpec.test(source)) {
      const detail = "write NAME, NAME@VERSION, or the path of a packed file or a folder.";
      throw new BridgeError("INPUT_INVALID", { what: `The plugin "${source}"`, detail });
    }
    const trial = join(staging, "trial");
    await add(packed ?? source, { ...call, folder: trial });
    const { name, version } = requirePlugin(trial, source);
    const exact = packed === undefined ? `${name}@${version}` : keep(packed, configFolder, name);
    await add(exact, { ...call, folder: configFolder });
    return requirePlugin(configFolder, source, name);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Makes one packed file of a folder, or takes the one that is there. */
async function pack(source: string, call: NpmCall): Promise<string> {
  const found = statSync(source, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new BridgeError("PLUGIN_NOT_FOUND", { plugin: source, detail: "there is no such file." });
  }
  if (!found.isDirectory()) return source;
  if (!existsSync(join(source, "package.json"))) {
    throw new BridgeError("PLUGIN_FAILED", { plugin: source, detail: "it has no package.json." });
  }
  await runNpm(["pack", "--pack-destination", call.folder, source], call);
  const file = readdirSync(call.folder).find((name) => name.endsWith(".tgz"));
  if (file === undefined) throw new TypeError("npm pack made no file.");
  return join(call.folder, file);
}

async function add(spec: string, call: NpmCall): Promise<void> {
  mkdirSync(call.folder, { recursive: true });
  const manifest = join(call.folder, "package.json");
  // Without one npm would look for a project in the folders above.
  if (!existsSync(manifest)) writeFileSync(manifest, '{\n  "private": true\n}\n', { mode: 0o600 });
  await runNpm(["install", "--", spec], call);
}

/** Copies a packed file to where it stays. The same name with other contents is another file. */
function keep(packed: string, configFolder: string, name: string): string {
  const digest = createHash("sha256").update(readFileSync(packed)).digest("hex").slice(0, 16);
  const folder = join(configFolder, keptFolder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name.replace("@", "").replace("/", "-")}-${digest}.tgz`);
  copyFileSync(packed, file);
  return file;
}

type NamedPlugin = PluginDescription & { readonly name: string };

/** @throws BridgeError PLUGIN_FAILED, PLUGIN_API when what npm has installed is not a plugin for this host */
function requirePlugin(folder: string, source: string, wanted?: string): NamedPlugin {
  const [name = ""] = wanted === undefined ? readPackage(folder).dependencies : [wanted];
  const found = describePlugin(name, { configFolder: folder, resolveFrom: [] });
  const refuse = (detail: string): never => {
    throw new BridgeError("PLUGIN_FAILED", { plugin: source, detail });
  };
  if (found === undefined) return refuse("npm has installed nothing of it.");
  if (found.refused !== null) throw found.refused;
  if (found.manifest === null) {
    return refuse("it is no plugin: its package.json says nothing under agentBridge.");
  }
  return { ...found, name };
}
