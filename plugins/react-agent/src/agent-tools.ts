import { Buffer } from "node:buffer";
import {
  describeError,
  type JsonObject,
  type OfferedTool,
  type Turn,
  type TurnIo,
} from "@agent-bridge/core";
import { allowedEnvironment } from "@agent-bridge/process";
import { createMCPClient, type MCPClient } from "@ai-sdk/mcp";
import type { ToolServer } from "./plugin-options.ts";
import { pluginTool } from "./plugin-tools.ts";
import { ProcessTransport } from "./process-transport.ts";
import { resultText, type ToolText } from "./tool-text.ts";
import { isNamed, type ReactTurnOptions } from "./turn-options.ts";

/** A tool that an agent is given. */
export interface AgentTool {
  /** As people and routes name it: `server.tool`. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input, as its server gave it. */
  readonly inputSchema: JsonObject;
  /** False: a person is asked before each call. */
  readonly isUnasked: boolean;
  /** Calls it. Never rejects but for the signal: a failure is a result. */
  call(input: unknown, signal: AbortSignal): Promise<ToolText>;
}

/** The tools of one turn; disposing it ends the servers that were started for it. */
export interface AgentTools extends AsyncDisposable {
  /** By the name that the model uses. */
  readonly byModelName: ReadonlyMap<string, AgentTool>;
  /** Servers that could not be reached, in a sentence each. */
  readonly problems: readonly string[];
}

/** A server that is a program of this machine. */
type ToolProgram = Extract<ToolServer, { command: string }>;

/** What the servers of a turn need. */
export interface ToolSetup {
  readonly servers: Readonly<Record<string, ToolServer>>;
  /** What plugins offer. */
  readonly offered: readonly OfferedTool[];
  /** Where servers without `cwd` work. */
  readonly emptyFolder: string;
}

/** How long a server may take to answer its first requests. */
const connectMs = 20_000;

/** How long one call may take; the turn's own limits are shorter in most cases. */
const callMs = 30 * 60_000;

/**
 * Connects to the servers that a route's `tools` name, and lists those tools, beside those of plugins. A server that can not be reached costs
 * its tools, which is told, and not the turn.
 */
export async function openTools(
  turn: Pick<Turn<ReactTurnOptions>, "taskId" | "provenance" | "options">,
  setup: ToolSetup,
  io: Pick<TurnIo, "mark" | "spawned" | "begins" | "signal" | "logger">,
): Promise<AgentTools> {
  await using clients = new AsyncDisposableStack();
  const { tools, unasked } = turn.options;
  const byModelName = new Map<string, AgentTool>();
  const problems: string[] = [];
  const give = (tool: Omit<AgentTool, "isUnasked">): void => {
    if (!isNamed(tool.name, tools)) return;
    const name = modelName(tool.name);
    if (byModelName.has(name)) problems.push(`There are two tools ${tool.name}: one is left out.`);
    else byModelName.set(name, { ...tool, isUnasked: isNamed(tool.name, unasked) });
  };
  for (const offered of setup.offered) give(pluginTool(offered, turn));
  const wanted = Object.entries(setup.servers).filter(([server]) => isWanted(server, tools));
  // A server is a program that may act as soon as it runs.
  if (wanted.some(([, server]) => "command" in server)) await io.begins();
  await Promise.all(
    wanted.map(async ([name, server]) => {
      try {
        const client = await connect({ name, server, clients }, setup, io);
        for (const tool of await listTools({ name, client }, io.signal)) give(tool);
      } catch (error) {
        io.signal.throwIfAborted();
        problems.push(`The tools of "${name}" are missing in this turn: ${describeError(error)}`);
      }
    }),
  );
  const held = clients.move();
  return { byModelName, problems, [Symbol.asyncDispose]: async () => await held.disposeAsync() };
}

/** True where a pattern could name a tool of this server. */
export function isWanted(server: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => isNamed(server, [pattern.split(".")[0] ?? pattern]));
}

/** Connects to a server; what was begun for it ends with `clients`, also where the connecting was cut off. */
async function connect(
  of: {
    readonly name: string;
    readonly server: ToolServer;
    readonly clients: AsyncDisposableStack;
  },
  setup: ToolSetup,
  io: Pick<TurnIo, "mark" | "spawned" | "signal" | "logger">,
): Promise<MCPClient> {
  const { name, server, clients } = of;
  const startedFor = (program: ToolProgram): ProcessTransport => {
    const transport = programOf(program, setup, io);
    clients.defer(async () => await transport.close());
    return transport;
  };
  const client = await createMCPClient({
    transport: "url" in server ? { type: "http", ...server } : startedFor(server),
    clientName: "agent-bridge",
    initializationOptions: { timeout: connectMs, signal: io.signal },
    onUncaughtError: (error) =>
      io.logger.debug("An MCP server", { server: name, error: describeError(error) }),
  });
  clients.defer(async () => await client.close());
  return client;
}

function programOf(
  { command, args, cwd, env }: ToolProgram,
  { emptyFolder }: ToolSetup,
  io: Pick<TurnIo, "mark" | "spawned" | "signal">,
): ProcessTransport {
  return new ProcessTransport(
    {
      command,
      args,
      cwd: cwd ?? emptyFolder,
      env: allowedEnvironment(process.env, { names: [], entries: env }),
      mark: { ...io.mark },
      signal: io.signal,
    },
    async (identity) => await io.spawned(identity),
  );
}

async function listTools(
  { name: server, client }: { readonly name: string; readonly client: MCPClient },
  signal: AbortSignal,
): Promise<readonly Omit<AgentTool, "isUnasked">[]> {
  const found: Omit<AgentTool, "isUnasked">[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools({
      ...(cursor === undefined ? {} : { params: { cursor } }),
      options: { timeout: connectMs, signal },
    });
    for (const { name, description = "", inputSchema } of page.tools) {
      found.push({
        name: `${server}.${name}`,
        description,
        inputSchema: inputSchema as JsonObject,
        call: async (input, callSignal) => await call({ client, name }, input, callSignal),
      });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < maxTools);
  return found;
}

/** A server that lists more is not read on. */
const maxTools = 500;

async function call(
  { client, name }: { readonly client: MCPClient; readonly name: string },
  input: unknown,
  signal: AbortSignal,
): Promise<ToolText> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return { text: "The input of a tool must be a JSON object.", isError: true };
  }
  try {
    return resultText(
      await client.callTool({
        name,
        arguments: input as Record<string, unknown>,
        options: { signal, timeout: callMs, maxTotalTimeout: callMs },
      }),
    );
  } catch (error) {
    signal.throwIfAborted();
    return { text: describeError(error), isError: true };
  }
}

/** Models take letters, digits, `_` and `-` only, 64 of them. */
function modelName(name: string): string {
  return Buffer.from(name.replace(".", "__").replaceAll(/[^A-Za-z0-9_-]/g, "_"))
    .subarray(0, 64)
    .toString();
}
