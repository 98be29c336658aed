import type { Bridge, Clock, Logger, Principal } from "@agent-bridge/core";
import type { LineStreams, Mcp, McpConnection } from "@agent-bridge/mcp-server";
import { hostVersion } from "./version.ts";

/** Serves MCP to one client on two streams; resolves when it is served. */
export type ServeMcp = (streams: LineStreams, principal: Principal) => Promise<McpConnection>;

/** Serves MCP clients of a bridge, each with a server object of its own. */
export function mcpOnStreams(of: {
  readonly bridge: Pick<Bridge, "as">;
  readonly clock: Clock;
  readonly logger: Logger;
}): ServeMcp {
  let loading: Promise<Mcp> | undefined;
  // Loaded for the first who asks: a daemon without MCP clients does without it.
  const load = async (): Promise<Mcp> => {
    const { createMcp } = await import("@agent-bridge/mcp-server");
    return createMcp({ ...of, version: hostVersion });
  };
  return async (streams, principal) => (await (loading ??= load())).connect(streams, principal);
}
