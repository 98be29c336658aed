import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  type Stats,
} from "node:fs";
import { BridgeError } from "@agent-bridge/core/errors";

const others = 0o077;
const othersWrite = 0o022;

/**
 * Makes a folder of mode 0700 with its parents, or mends the mode of one that is there.
 *
 * @throws BridgeError CONFIG_INVALID when it belongs to someone else or is no folder
 */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw refusal(path, `it can not be made (${(error as Error).message})`, error);
  }
  const found = statSync(path);
  if (!found.isDirectory()) throw refusal(path, "it is not a folder. Move it away.");
  requireOwn(path, found);
  if ((found.mode & others) !== 0) chmodSync(path, 0o700);
}

/**
 * Mends the mode of a private file that is there; does nothing when there is none.
 *
 * @throws BridgeError CONFIG_INVALID when it belongs to someone else
 */
export function ensurePrivateFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  requireOwn(path, found);
  if ((found.mode & others) !== 0) chmodSync(path, 0o600);
}

/**
 * Refuses a file that someone other than the user or root could have written.
 *
 * @throws BridgeError CONFIG_INVALID
 */
export function requireTrusted(path: string, found: Stats): void {
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user && found.uid !== 0) {
    throw refusal(path, `it belongs to user ${found.uid}, not to you (${user}).`);
  }
  if ((found.mode & othersWrite) !== 0) {
    throw refusal(path, `others may write it. \`chmod go-w ${path}\` mends that.`);
  }
}

/** Reads a private file, mending its mode; undefined when there is none. */
export function readPrivateFile(path: string): string | undefined {
  ensurePrivateFile(path);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a file of mode 0600 whole or not at all, also through a power cut. */
export function writePrivateFile(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function requireOwn(path: string, found: Stats): void {
  const user = process.getuid?.();
  if (user === undefined || found.uid === user) return;
  throw refusal(
    path,
    `it belongs to user ${found.uid}, not to you (${user}). Run as that user, or set AGENT_BRIDGE_HOME to a folder of your own.`,
  );
}

function refusal(file: string, detail: string, cause?: unknown): BridgeError {
  return new BridgeError("CONFIG_INVALID", { file, detail }, { cause });
}
