import { randomBytes } from "node:crypto";
import type { HostPaths } from "./paths.ts";
import { readPrivateFile, writePrivateFile } from "./private-files.ts";

const keyPattern = /^[0-9a-f]{64}$/;

/** Reads the socket's key; undefined when there is none, or none that is whole. */
export function readSocketKey(paths: HostPaths): string | undefined {
  const text = readPrivateFile(paths.socketKey)?.trim();
  return text !== undefined && keyPattern.test(text) ? text : undefined;
}

/** Reads the socket's key, or makes a new one. Call with the state lock held. */
export function ensureSocketKey(paths: HostPaths): string {
  const known = readSocketKey(paths);
  if (known !== undefined) return known;
  const made = randomBytes(32).toString("hex");
  writePrivateFile(paths.socketKey, `${made}\n`);
  return made;
}
