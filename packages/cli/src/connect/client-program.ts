import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { BridgeError } from "@agent-bridge/core";
import type { Surroundings } from "../surroundings.ts";

/** A client's own command changes one file; one that hangs waits for something else. */
const limitMs = 60_000;

/** Finds a program on the `PATH`; the current folder is never looked in. */
export function findProgram(name: string, env: Surroundings["env"]): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not ours to run: the shell would look on, too.
    return false;
  }
}

/**
 * Runs a client's own command, without a shell.
 *
 * @throws BridgeError CONFIG_INVALID with what it said when it fails; the signal's reason
 */
export async function runProgramOf(
  program: string,
  call: {
    readonly args: readonly string[];
    readonly env: Surroundings["env"];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { args, env, signal } = call;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = execFile(
    program,
    [...args],
    { env: { ...env }, signal, timeout: limitMs },
    (error, stdout, stderr) => {
      if (error === null) return resolve();
      if (signal.aborted) return reject(signal.reason as Error);
      const said = (stderr.trim() || stdout.trim() || error.message).slice(-2000);
      const file = commandText([program, ...args]);
      reject(new BridgeError("CONFIG_INVALID", { file, detail: said }, { cause: error }));
    },
  );
  child.stdin?.end();
  await promise;
}

/** A command as one types it into a shell. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word))).join(" ");
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
