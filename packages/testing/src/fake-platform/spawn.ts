import { programBeside, spawnServer } from "../loopback/spawn.ts";
import type { SpawnedServer } from "../loopback/spawn.ts";

/** How the platform's process is started. */
export interface SpawnPlatformOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Ids, or `id=token`; `ws-self` and `ws-peer` by default. */
  readonly workspaces?: readonly string[];
  /** File to which the record of what was sent is appended. */
  readonly logFile?: string;
}

/** Starts a fake platform in a process of its own. */
export async function spawnFakePlatform(
  options: SpawnPlatformOptions = {},
): Promise<SpawnedServer> {
  return spawnServer(programBeside(import.meta.url), [
    ...(options.port === undefined ? [] : ["--port", String(options.port)]),
    ...(options.logFile === undefined ? [] : ["--log", options.logFile]),
    ...(options.workspaces ?? []).flatMap((workspace) => ["--workspace", workspace]),
  ]);
}
