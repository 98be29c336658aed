import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { describeError, type Json, type JsonObject } from "@agent-bridge/core";

/** A secret is at most this long; a longer file is something else. */
const maxSecretBytes = 64 * 1024;

/** Options whose texts are secrets by their name, also where they stand in the file as they are. */
const secretName = /(token|secret|password|passphrase|api_?key|credential)$/i;

/** True for an option whose text is a secret by its name. */
const isSecretName = (name: string): boolean => secretName.test(name);

/** The same data with the texts hidden that are secrets by their name. */
export function withoutSecrets(value: Json, name = ""): Json {
  if (typeof value === "string") return isSecretName(name) ? "[secret]" : value;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => withoutSecrets(item, name));
  const entries = Object.entries(value as JsonObject);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutSecrets(item, key)]));
}

/** A shorter text would be found everywhere, and hiding it in logs would hide the log. */
const minHiddenLength = 6;

export interface ResolvedSecrets {
  readonly value: JsonObject;
  /** The texts that were put in, to be kept out of logs. */
  readonly secrets: readonly string[];
  readonly problems: readonly {
    readonly path: readonly (string | number)[];
    readonly message: string;
  }[];
}

/**
 * Replaces `{ "$env": "NAME" }` by the variable's text and `{ "$file": "/path" }` by the file's,
 * without its last line end, wherever they stand in a plugin's options.
 */
export function resolveSecrets(
  options: JsonObject,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedSecrets {
  const secrets: string[] = [];
  const problems: { path: readonly (string | number)[]; message: string }[] = [];
  const walk = (value: Json, path: readonly (string | number)[]): Json => {
    if (Array.isArray(value)) return value.map((item: Json, at) => walk(item, [...path, at]));
    if (value === null || typeof value !== "object") return value;
    const object = value as JsonObject;
    for (const [key, item] of Object.entries(object)) {
      const isSecret = typeof item === "string" && isSecretName(key);
      if (isSecret && item.length >= minHiddenLength) secrets.push(item);
    }
    const reference = Object.keys(object).find((key) => Object.hasOwn(sources, key));
    if (reference === undefined) {
      return Object.fromEntries(
        Object.entries(object).map(([key, item]) => [key, walk(item, [...path, key])]),
      );
    }
    const found = read(object, reference, env);
    if ("problem" in found) problems.push({ path, message: found.problem });
    else if (found.text.length >= minHiddenLength) secrets.push(found.text);
    return "text" in found ? found.text : "";
  };
  const value = walk(options, []) as JsonObject;
  return { value, secrets, problems };
}

type Found = { readonly text: string } | { readonly problem: string };
type Source = (name: string, env: Readonly<Record<string, string | undefined>>) => Found;

const sources: Readonly<Record<string, Source>> = {
  $env: (name, env) => {
    const text = env[name];
    if (text !== undefined && text !== "") return { text };
    return { problem: `refers to the environment variable ${name}, which is not set.` };
  },
  $file: (name) => {
    if (!isAbsolute(name)) return { problem: `refers to "${name}": write the whole path.` };
    try {
      return secretFile(name);
    } catch (error) {
      return { problem: `refers to ${name}, which can not be read (${describeError(error)}).` };
    }
  },
};

function read(
  object: JsonObject,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
): Found {
  const name = object[key];
  const source = sources[key];
  if (source === undefined || typeof name !== "string" || Object.keys(object).length > 1) {
    return { problem: `is a reference: write { "${key}": "…" } with a text and nothing else.` };
  }
  return source(name, env);
}

function secretFile(path: string): Found {
  const found = statSync(path);
  if (!found.isFile()) return { problem: `refers to ${path}, which is not a file.` };
  if (found.size > maxSecretBytes) {
    return { problem: `refers to ${path}, which is larger than ${maxSecretBytes} bytes.` };
  }
  // Files of root are what containers mount as secrets; their mode is not the user's to choose.
  if (found.uid !== 0 && (found.mode & 0o077) !== 0) {
    return {
      problem: `refers to ${path}, which others may read. \`chmod 600 ${path}\` mends that.`,
    };
  }
  const text = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  return text === "" ? { problem: `refers to ${path}, which is empty.` } : { text };
}
