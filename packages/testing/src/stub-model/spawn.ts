import { programBeside, spawnServer } from "../loopback/spawn.ts";
import type { SpawnedServer } from "../loopback/spawn.ts";

/** Starts the stub model in a process of its own, on a free port or on `port`. */
export async function spawnStubModel(
  options: { readonly port?: number } = {},
): Promise<SpawnedServer> {
  const port = options.port === undefined ? [] : ["--port", String(options.port)];
  return spawnServer(programBeside(import.meta.url), port);
}
