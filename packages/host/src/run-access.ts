import type { BridgeServer, RunAccess } from "@agent-bridge/core";
import type { HostPaths } from "./paths.ts";
import type { RunTokens } from "./run-tokens.ts";

/** What starts `agent-bridge mcp`. */
export type McpCommand = Pick<BridgeServer, "command" | "args">;

/** Tokens of runs that are over are still kept out of what is stored: so many of the last. */
const keptSecrets = 256;

/** Lets runs use the bridge by a token for its socket, which reaches nothing but what is theirs. */
export function runAccess(of: {
  readonly tokens: RunTokens;
  readonly paths: Pick<HostPaths, "socket">;
  readonly command: McpCommand;
  readonly secrets: Set<string>;
}): RunAccess {
  const { tokens, paths, command, secrets } = of;
  const given: string[] = [];
  return {
    grant: (taskId) => {
      const grant = tokens.grant(taskId);
      secrets.add(grant.token);
      const oldest = given.push(grant.token) > keptSecrets ? given.shift() : undefined;
      if (oldest !== undefined) secrets.delete(oldest);
      return {
        server: {
          ...command,
          environment: { AGENT_BRIDGE_TOKEN: grant.token, AGENT_BRIDGE_SOCKET: paths.socket },
        },
        [Symbol.dispose]: () => grant[Symbol.dispose](),
      };
    },
  };
}
