import type { Bridge, Clock, Logger } from "@agent-bridge/core";
import { createMcp, mcpEndpoint } from "@agent-bridge/mcp-server";
import type { LoadedConfig } from "../config/read-config.ts";
import type { HttpConfig } from "./http-config.ts";
import { hostVersion } from "../version.ts";
import { type HttpServer, serveHttp } from "./http-server.ts";
import { readTokens } from "./tokens.ts";

/** Where the bridge's MCP server is, below the address of the HTTP server. */
export const mcpPath = "/mcp";

/** What HTTP is served for. */
export interface HttpServing {
  readonly bridge: Bridge;
  readonly config: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tokens that were read are added to it. */
  readonly secrets: Set<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when requests can be answered: who comes before waits. */
  readonly ready: Promise<void>;
}

/**
 * Serves the bridge over HTTP, each token as the client of its name.
 *
 * @throws BridgeError CONFIG_INVALID
 */
export async function serveOverHttp(http: HttpConfig, serving: HttpServing): Promise<HttpServer> {
  const { bridge, config, clock, logger, ready } = serving;
  const authenticate = readTokens(config, http, serving);
  const server = await serveHttp(http, { logger, file: config.file });
  const mcp = createMcp({ bridge, version: hostVersion, clock, logger });
  const endpoint = mcpEndpoint({ mcp, authenticate, logger });
  server.mount(mcpPath, async (request, response) => {
    await ready;
    await endpoint(request, response);
  });
  logger.info("HTTP is served", { url: `${server.url}${mcpPath}`, tokens: http.tokens.length });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await mcp.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
