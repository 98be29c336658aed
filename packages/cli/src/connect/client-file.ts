import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { BridgeError } from "@agent-bridge/core";

/** Reads a client's file; undefined when there is none. */
export function readClientFile(path: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const detail = `it can not be read (${(error as Error).message}).`;
    throw new BridgeError("CONFIG_INVALID", { file: path, detail }, { cause: error });
  }
}

export interface Replacement {
  readonly path: string;
  /** What was read when the change was shown; undefined when there was no file. */
  readonly before: string | undefined;
  readonly after: string;
}

/**
 * Replaces a client's file whole or not at all, with its mode, where a symbolic link leads. The file as it was
 * stays beside it.
 *
 * @returns the copy's path; undefined when there was no file
 * @throws BridgeError CONFIG_INVALID when the file is no longer what was shown, or can not be written
 */
export function replaceClientFile({ path, before, after }: Replacement): string | undefined {
  if (readClientFile(path) !== before) {
    const detail = "it was changed meanwhile. Run the command again.";
    throw new BridgeError("CONFIG_INVALID", { file: path, detail });
  }
  try {
    if (before === undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeWhole(path, after, 0o600);
      return undefined;
    }
    const target = realpathSync(path);
    const backup = `${target}.${new Date().toISOString().replaceAll(/[-:.]/g, "")}.bak`;
    copyFileSync(target, backup, constants.COPYFILE_EXCL);
    writeWhole(target, after, statSync(target).mode & 0o7777);
    return backup;
  } catch (error) {
    const detail = `it can not be written (${(error as Error).message}).`;
    throw new BridgeError("CONFIG_INVALID", { file: path, detail }, { cause: error });
  }
}

function writeWhole(path: string, text: string, mode: number): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      fchmodSync(file, mode);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
