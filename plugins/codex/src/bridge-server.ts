import type { BridgeServer, JsonObject, TurnIo } from "@agent-bridge/core";
import { formatMark, markVariable } from "@agent-bridge/process";

/** Under which name the model knows the bridge's own tools. */
export const bridgeServerName = "bridge";

/** Seconds that a call of the bridge may take: above the longest wait of its own. */
const callSeconds = 600;

/**
 * Codex's settings for the bridge as an MCP server of one run. They go by the protocol, so the token in them stands in
 * no argument, and Codex gives it to that server's process alone.
 */
export function bridgeServerSettings(
  { command, args, environment }: BridgeServer,
  mark: TurnIo["mark"],
): JsonObject {
  return {
    [`mcp_servers.${bridgeServerName}`]: {
      command,
      args,
      // The mark finds it where its process group does not.
      env: { ...environment, [markVariable]: formatMark(mark) },
      tool_timeout_sec: callSeconds,
      // What a run may start is the routing table's to say, not a person's at each call.
      default_tools_approval_mode: "approve",
    },
  };
}
