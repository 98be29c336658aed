import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import {
  createBridge,
  systemClock,
  type Bridge,
  type Handle,
  type Logger,
  type Store,
} from "@agent-bridge/core";
import {
  pageFiles,
  portalChat,
  portalLimits,
  PortalSockets,
  sessionPath,
} from "@agent-bridge/plugin-portal";
import { scriptedAgent, type ScriptedAgent } from "../scripted-agent.ts";

/** A bridge with a scripted agent that serves the built page, as the host would. */
export interface ServedPortal extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly operator: Handle;
  readonly agent: ScriptedAgent;
  readonly url: string;
  /** Every request that was answered, as method and path. */
  readonly requests: readonly string[];
  /** The page's address with a new one-time code. */
  link(): string;
}

const cookie = "portal=let-me-in";

export async function servePortal(of: {
  readonly folder: string;
  readonly store?: Store;
  readonly agents?: readonly ScriptedAgent[];
  /** The port of the one before; default: any. */
  readonly port?: number;
}): Promise<ServedPortal> {
  const { agents = [scriptedAgent()], port = 0 } = of;
  const [agent = scriptedAgent()] = agents;
  const ignore = (): void => undefined;
  const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const bridge = createBridge({
    kinds: [portalChat],
    runners: agents,
    routes: agents.map(({ name }) => ({ kind: portalChat.name, from: "*" as const, runner: name })),
    logger,
    ...(of.store === undefined ? {} : { store: of.store }),
  });
  await bridge.start();
  const operator = bridge.as({ type: "operator" });
  const sockets = new PortalSockets({
    limits: portalLimits,
    sockets: 100,
    version: "1.0.0",
    clock: systemClock(),
    logger,
    authenticate: (key) => (key === "the-key" ? operator : undefined),
  });
  const codes = new Set<string>();
  const requests: string[] = [];
  const files = pageFiles(of.folder);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url !== sessionPath) return await files(request, response);
    const { code } = JSON.parse(await text(request)) as { code: string };
    const isTaken = codes.delete(code);
    response.writeHead(
      isTaken ? 204 : 401,
      isTaken ? { "set-cookie": `${cookie}; HttpOnly; SameSite=Strict; Path=/` } : {},
    );
    response.end();
  };
  const server = createServer((request, response) => void answer(request, response));
  server.on("upgrade", (request, socket, head) => {
    const isKnown = request.headers.cookie === cookie;
    sockets.upgrade(request, { socket, head, handle: isKnown ? operator : undefined });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/portal/`;
  return {
    bridge,
    operator,
    agent,
    url,
    requests,
    link: () => {
      const code = `code-${codes.size}-${requests.length}`;
      codes.add(code);
      return `${url}#code=${code}`;
    },
    [Symbol.asyncDispose]: async () => {
      await sockets[Symbol.asyncDispose]();
      await bridge.stop();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
