import { acceptsApi, BridgeError, pluginApi, type ApiRange } from "@agent-bridge/core";

/** @throws BridgeError PLUGIN_API when a plugin asks for contracts that this host does not offer */
export function requireApi(plugin: string, wanted: unknown): void {
  const isRange = typeof wanted === "number" || typeof wanted === "string";
  if (isRange && acceptsApi(wanted satisfies ApiRange)) return;
  const data = { plugin, wanted: isRange ? String(wanted) : "none", offered: String(pluginApi) };
  throw new BridgeError("PLUGIN_API", data);
}
