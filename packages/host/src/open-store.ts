import { BridgeError, type Clock, type Random, type Store } from "@agent-bridge/core";
import type { DaemonOptions } from "./daemon.ts";

/**
 * Opens the store that the configuration asks for.
 *
 * @returns undefined for a store in memory
 * @throws BridgeError STORE_NOT_DURABLE for one in memory that was not asked for by `ephemeral`, STORE_CORRUPT,
 *   STORE_SCHEMA_NEWER, STORE_FAILED
 */
export async function openStore(
  { config, ephemeral, paths }: Pick<DaemonOptions, "config" | "ephemeral" | "paths">,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Store | undefined> {
  if (ephemeral === true) return undefined;
  if (config.config.store.type === "memory") throw new BridgeError("STORE_NOT_DURABLE", {});
  // Loaded only where it is used: most commands never open the database.
  const { sqliteStore } = await import("@agent-bridge/store-sqlite");
  return sqliteStore({ path: paths.database, clock, random });
}
