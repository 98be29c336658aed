import { isAbsolute } from "node:path";
import { BridgeError } from "@agent-bridge/core";
import type { Surroundings } from "../surroundings.ts";

/** The name under which a client knows the bridge. */
export const serverName = "agent-bridge";

/** How a client starts the bridge's MCP server. */
export interface McpEntry {
  /** Absolute: a client may have no shell and another `PATH`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What says where a bridge is. Clients give their servers few variables, or none. */
export const placeVariables = ["AGENT_BRIDGE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] as const;

/**
 * The entry for this Node, this program and this bridge.
 *
 * @throws BridgeError CONFIG_INVALID when `AGENT_BRIDGE_HOME` is no absolute path
 */
export function mcpEntry({ env, program }: Pick<Surroundings, "env" | "program">): McpEntry {
  const places: Record<string, string> = {};
  for (const name of placeVariables) {
    const value = env[name];
    if (value === undefined || value === "") continue;
    if (isAbsolute(value)) places[name] = value;
    else if (name === "AGENT_BRIDGE_HOME") {
      const detail = `"${value}" is not an absolute path. Write the whole path.`;
      throw new BridgeError("CONFIG_INVALID", { file: name, detail });
    }
  }
  return {
    command: process.execPath,
    args: [...process.execArgv, program, "mcp"],
    env: places,
  };
}

/** What an entry's variables become: what says where the bridge is, and whatever else stood there. */
export function mergedEnv(
  found: Readonly<Record<string, unknown>>,
  { env }: McpEntry,
): Readonly<Record<string, unknown>> {
  const own: readonly string[] = placeVariables;
  const others = Object.entries(found).filter(([name]) => !own.includes(name));
  return { ...Object.fromEntries(others), ...env };
}
