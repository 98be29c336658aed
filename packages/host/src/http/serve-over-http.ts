import type { Bridge, Clock, Logger, Surface } from "@agent-bridge/core";
import { createMcp, mcpEndpoint } from "@agent-bridge/mcp-server";
import type { LoadedConfig } from "../config/read-config.ts";
import type { HttpConfig } from "./http-config.ts";
import { hostVersion } from "../version.ts";
import { serveHttp } from "./http-server.ts";
import { mountSurfaces } from "./serve-surfaces.ts";
import { readTokens } from "./tokens.ts";
import { WebSessions } from "./web-sessions.ts";

/** Where the bridge's MCP server is, below the address of the HTTP server. */
export const mcpPath = "/mcp";

/** What HTTP is served for. */
export interface HttpServing {
  readonly bridge: Bridge;
  /** The same, as clients of MCP have it. */
  readonly mcpBridge: Pick<Bridge, "as">;
  readonly config: LoadedConfig;
  /** What plugins serve. */
  readonly surfaces: readonly Surface[];
  /** Where the sessions of browsers are kept. */
  readonly sessionFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tokens that were read are added to it. */
  readonly secrets: Set<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when requests can be answered: who comes before waits. */
  readonly ready: Promise<void>;
}

/** What is served over HTTP, until it is disposed. */
export interface HttpService extends AsyncDisposable {
  readonly url: string;
  /** Mounts the surfaces: called once the bridge runs. Disposing what it gives tells their callers that it stops. */
  mountSurfaces(): AsyncDisposable;
  /** The addresses of the pages, each with a code that opens a session of the operator once. */
  openPages(): readonly { readonly name: string; readonly url: string }[];
  stopListening(): void;
}

/**
 * Serves the bridge over HTTP, each token as the client of its name.
 *
 * @throws BridgeError CONFIG_INVALID
 */
export async function serveOverHttp(http: HttpConfig, serving: HttpServing): Promise<HttpService> {
  const { bridge, mcpBridge, config, clock, logger, ready } = serving;
  const authenticate = readTokens(config, http, serving);
  const server = await serveHttp(http, { logger, file: config.file });
  const mcp = createMcp({ bridge: mcpBridge, version: hostVersion, clock, logger });
  const endpoint = mcpEndpoint({ mcp, authenticate, logger });
  server.mount(mcpPath, async (request, response) => {
    await ready;
    await endpoint(request, response);
  });
  logger.info("HTTP is served", { url: `${server.url}${mcpPath}`, tokens: http.tokens.length });
  const sessions = new WebSessions({ file: serving.sessionFile, clock });
  const { surfaces } = serving;
  return {
    url: server.url,
    mountSurfaces: () =>
      mountSurfaces({ surfaces, server, bridge, sessions, authenticate, logger }),
    openPages: () =>
      surfaces.flatMap(({ name, page }) =>
        page === undefined
          ? []
          : [{ name, url: `${server.url}${page}#code=${sessions.makeCode()}` }],
      ),
    stopListening: () => server.stopListening(),
    [Symbol.asyncDispose]: async () => {
      await mcp.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
