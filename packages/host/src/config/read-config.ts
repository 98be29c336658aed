import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { BridgeError, describeError, isBridgeError } from "@agent-bridge/core";
import type { HostPaths } from "../paths.ts";
import { ensurePrivateFile, ensurePrivateFolder, requireTrusted } from "../private-files.ts";
import { configSchema, exampleConfig, type Config } from "./config-schema.ts";
import { configError, formatPath, type Finding } from "./finding.ts";
import { parseDocument, type JsonDocument } from "./json-document.ts";
import { schemaFindings } from "./schema-findings.ts";
import { checkValue } from "./sentences.ts";

/** The largest configuration that is read. */
const maxConfigBytes = 1024 * 1024;

/** A configuration together with the text it came from, so that later findings have their place. */
export interface LoadedConfig {
  readonly file: string;
  readonly config: Config;
  readonly document: JsonDocument;
}

/** A finding at a place of a configuration. */
export function findingAt(
  { document }: LoadedConfig,
  path: readonly (string | number)[],
  message: string,
): Finding {
  return { path: formatPath(path), place: document.placeOf(path), message };
}

/** Checks the text of a configuration: all findings at once, or the configuration. */
export function parseConfig(
  text: string,
  file: string,
): { readonly loaded: LoadedConfig } | { readonly findings: readonly Finding[] } {
  const parsed = parseDocument(text);
  if ("findings" in parsed) return parsed;
  const { document } = parsed;
  const checked = checkValue(configSchema, document.value);
  if (checked.success) return { loaded: { file, config: checked.data, document } };
  return { findings: schemaFindings(checked.error, { schema: configSchema, document, at: [] }) };
}

/**
 * Reads and checks the configuration file. A file in the bridge's own folder is made private to the
 * user; one that was named by `--config` is left as it is.
 *
 * @throws BridgeError CONFIG_INVALID with every finding, or with how to make a first file
 */
export function readConfig(paths: HostPaths): LoadedConfig {
  const { configFile, configFolder, isConfigNamed } = paths;
  if (!isConfigNamed) {
    ensurePrivateFolder(configFolder);
    ensurePrivateFile(configFile);
  }
  const parsed = parseConfig(readText(configFile), configFile);
  if ("loaded" in parsed) return parsed.loaded;
  throw configError(configFile, parsed.findings);
}

/** The same for who only looks: nothing is mended, and the findings are given back. */
export function lookAtConfig(paths: HostPaths): ReturnType<typeof parseConfig> {
  try {
    return parseConfig(readText(paths.configFile), paths.configFile);
  } catch (error) {
    if (!isBridgeError(error, "CONFIG_INVALID")) throw error;
    return { findings: [{ path: "", place: null, message: error.data.detail }] };
  }
}

function readText(file: string): string {
  const refuse = (detail: string, cause?: unknown): BridgeError =>
    new BridgeError("CONFIG_INVALID", { file, detail }, { cause });
  let descriptor: number;
  try {
    // Not blocking: a pipe in the file's place must not hold the start up.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw refuse(`it can not be read (${describeError(error)}).`, error);
    }
    throw refuse(
      `there is no such file. Make it, for example with\n${exampleConfig.trimEnd()}`,
      error,
    );
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw refuse("it is not a regular file.");
    requireTrusted(file, found);
    if (found.size > maxConfigBytes) {
      throw refuse(`it has ${found.size} bytes; at most ${maxConfigBytes} are read.`);
    }
    const bytes = Buffer.alloc(found.size);
    const count = readSync(descriptor, bytes, 0, bytes.length, 0);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, count));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refuse("it is not UTF-8.", error);
  } finally {
    closeSync(descriptor);
  }
}
