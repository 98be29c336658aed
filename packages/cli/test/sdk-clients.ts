import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { onTestFinished } from "vitest";
import type { Home } from "./home.ts";

/** How `agent-bridge mcp` is started from sources. */
export const front = {
  command: process.execPath,
  args: [
    "--conditions=agent-bridge-source",
    fileURLToPath(new URL("../bin/agent-bridge.js", import.meta.url)),
    "mcp",
  ],
} as const;

/** What a tool of the bridge answered. */
export interface ToolAnswer {
  readonly isError?: boolean;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** A client of somebody else's, connected over stdio; closed after the test. */
export interface SdkClient {
  tool(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>;
  toolNames(): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface EitherClient {
  callTool(request: { name: string; arguments: Record<string, unknown> }): Promise<object>;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  close(): Promise<void>;
}

const info = { name: "a-test", version: "1" };

function simple(client: EitherClient): SdkClient {
  onTestFinished(async () => await client.close());
  return {
    tool: async (name, args = {}) => await client.callTool({ name, arguments: args }),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    close: async () => await client.close(),
  };
}

const start = (home: Home) => ({
  command: front.command,
  args: [...front.args],
  env: { ...home.env },
  cwd: tmpdir(),
});

/** The client of today's programs: revision 2025-11-25 and before, with a handshake. */
export async function oldClient(home: Home): Promise<SdkClient> {
  const client = new OldClient(info);
  await client.connect(new OldTransport(start(home)));
  return simple(client);
}

/** The client of revision 2026-07-28. */
export async function newClient(home: Home): Promise<SdkClient> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new StdioClientTransport(start(home)));
  return simple(client);
}
