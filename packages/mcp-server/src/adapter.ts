import {
  type Bridge,
  type Clock,
  describeError,
  type Handle,
  isBridgeError,
  type JsonObject,
  type Logger,
  type Principal,
  silentLogger,
  systemClock,
} from "@agent-bridge/core";
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  MissingRequiredClientCapabilityError,
  parseJSONRPCMessage,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";
import { callTool, noteFailure, noteMissing, type ToolResult } from "./call-tool.ts";
import { failureOf } from "./failure.ts";
import { defaultAnswerBytes, maxAnswerBytes } from "./fit.ts";
import { instructions } from "./instructions.ts";
import { type LineStreams, LineTransport } from "./line-transport.ts";
import { createdTask, declaresTasks, taskMethods, tasksExtension } from "./native-tasks.ts";
import { prompts, writePrompt } from "./prompts.ts";
import { readResource, resources, resourceTemplates } from "./resources.ts";
import { showTool } from "./shown-tool.ts";
import type { Tool, ToolCall } from "./tool.ts";
import { toolNamed, toolsFor } from "./tools/table.ts";

/**
 * The only file that knows the SDK: it puts the tables on its low-level `Server`. The high-level one would
 * turn a task that answers a tool call into an error.
 */

/** What the servers of a bridge are made of. */
export interface McpOptions {
  readonly bridge: Pick<Bridge, "as">;
  /** The version of agent-bridge that is shown. */
  readonly version: string;
  /** The JSON of an answer, in bytes: 16 KiB by default, 64 KiB at most. */
  readonly answerBytes?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** One client on two streams. */
export interface McpConnection {
  /** Resolves when the client has gone, or `close` was called. */
  readonly closed: Promise<void>;
  /** Aborts what the client waits for. What it has started goes on. */
  close(): Promise<void>;
}

/** The bridge as an MCP server. Every connection and every request has a server object of its own. */
export interface Mcp {
  /** Answers one request of Streamable HTTP, whose body was read and parsed before. */
  fetch(
    request: Request,
    of: { readonly principal: Principal; readonly body: unknown },
  ): Promise<Response>;
  /** Serves one client of any protocol revision on two streams, a message a line. */
  connect(streams: LineStreams, principal: Principal): McpConnection;
  /** Ends the answers of `fetch` that are under way. */
  close(): Promise<void>;
}

/** What the servers of one `Mcp` share. */
export interface Shared {
  readonly version: string;
  readonly answerBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newest: ToolCall["newest"];
}

type Era = "legacy" | "modern";

/** A result of a tool on the wire. */
export function writeResult({ value, text, isError, whole }: ToolResult): CallToolResult {
  return {
    content: [
      { type: "text", text },
      ...(whole === undefined ? [] : [{ type: "resource_link" as const, ...whole }]),
    ],
    structuredContent: value,
    ...(isError ? { isError } : {}),
  };
}

/** What the client can do, as it says with this request; before 2026-07-28 no request says it. */
export const declaredIn = (context: ServerContext): unknown =>
  (context.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined)?.[
    CLIENT_CAPABILITIES_META_KEY
  ];

/** Answers to questions: the SDK takes them out of the parameters, whatever the method. */
const responsesIn = ({ mcpReq: { inputResponses } }: ServerContext): object =>
  inputResponses === undefined ? {} : { inputResponses };

/** Progress notifications, for a call that carries a token for them. */
function progressOf({ mcpReq }: ServerContext, logger: Logger): ToolCall["progress"] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return (message) => {
    const params = { progressToken, progress: ++progress, message };
    mcpReq.notify({ method: "notifications/progress", params }).catch((error: unknown) => {
      logger.debug("A client could not be told of progress", { error: describeError(error) });
    });
  };
}

export function callOf(
  shared: Shared,
  handle: Handle,
  of: { readonly tool: Tool; readonly context: ServerContext },
): ToolCall {
  const { clock, answerBytes, newest, logger } = shared;
  return {
    handle,
    clock,
    answerBytes,
    newest,
    signal: of.context.mcpReq.signal,
    progress: progressOf(of.context, logger),
    asTask: of.tool.mayBeTask === true && declaresTasks(declaredIn(of.context)),
  };
}

function addTools(server: Server, shared: Shared, handle: Handle): void {
  server.setRequestHandler("tools/list", () => ({
    tools: toolsFor(handle).map((tool) => showTool(tool)) as never[],
  }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const tool = toolNamed(handle, params.name);
    if (tool === undefined) {
      noteMissing(shared.logger, handle, params.name);
      const message = `There is no tool ${JSON.stringify(params.name.slice(0, 128))}.`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    const call = callOf(shared, handle, { tool, context });
    const result = await callTool(tool, call, { input: params.arguments, logger: shared.logger });
    const { began } = result;
    return began !== undefined && call.asTask
      ? (createdTask(began) as CallToolResult)
      : writeResult(result);
  });
}

// Schemas of our own: where the SDK's refuse parameters, it calls them a fault of the server.
const readParams = z.object({ uri: z.string() });
const promptParams = z.object({ name: z.string(), arguments: z.unknown() });

function addResources(server: Server, shared: Shared, handle: Handle): void {
  server.setRequestHandler("resources/list", () => ({ resources: [...resources] }));
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [...resourceTemplates],
  }));
  server.setRequestHandler("resources/read", { params: readParams }, async ({ uri }) => {
    try {
      const found = await readResource(handle, uri);
      if (found === undefined) throw new ResourceNotFoundError(uri.slice(0, 256));
      return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(found) }] };
    } catch (thrown) {
      if (thrown instanceof ResourceNotFoundError) throw thrown;
      noteFailure(shared.logger, { handle }, { what: "resources/read", input: { uri }, thrown });
      // What is not the caller's answers like an address that never was.
      if (isBridgeError(thrown, "TASK_NOT_FOUND")) throw new ResourceNotFoundError(uri);
      throw protocolError(thrown);
    }
  });
}

function addPrompts(server: Server): void {
  server.setRequestHandler("prompts/list", () => ({
    prompts: prompts.map((prompt) => ({ ...prompt, arguments: [...prompt.arguments] })),
  }));
  server.setRequestHandler(
    "prompts/get",
    { params: promptParams },
    ({ name, arguments: filledIn }) => {
      const written = writePrompt(name, filledIn);
      if ("problem" in written)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, written.problem);
      const { description, text } = written;
      return { description, messages: [{ role: "user", content: { type: "text", text } }] };
    },
  );
}

function addTasks(server: Server, shared: Shared, handle: Handle): void {
  const { answerBytes, logger } = shared;
  const methodContext = {
    handle,
    answerBytes,
    write: (result: ToolResult) => writeResult(result) as JsonObject,
  };
  for (const [name, method] of Object.entries(taskMethods)) {
    server.setRequestHandler(name, { params: method.params }, async (given, context) => {
      if (!declaresTasks(declaredIn(context))) {
        const requiredCapabilities = { extensions: { [tasksExtension]: {} } };
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
      }
      try {
        return await method.call(methodContext, { ...responsesIn(context), ...(given as object) });
      } catch (thrown) {
        noteFailure(logger, { handle }, { what: name, input: given, thrown });
        throw protocolError(thrown);
      }
    });
  }
}

/** A refusal where the protocol has no other place for it. */
function protocolError(thrown: unknown): ProtocolError {
  const failure = failureOf(thrown);
  const code =
    failure.code === "INTERNAL" ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, failure.message, { error: failure });
}

/** A server object of its own for one connection or request. */
export function serverFor(shared: Shared, handle: Handle, era: Era): Server {
  const extensions = era === "modern" ? { extensions: { [tasksExtension]: {} } } : {};
  const server = new Server(
    { name: "agent-bridge", title: "agent-bridge", version: shared.version },
    { capabilities: { tools: {}, resources: {}, prompts: {}, ...extensions }, instructions },
  );
  addTools(server, shared, handle);
  addResources(server, shared, handle);
  addPrompts(server);
  if (era === "modern") addTasks(server, shared, handle);
  return server;
}

/** Who asks, from one end of the SDK's HTTP handler to the other. */
export const asAuthInfo = (principal: Principal) => ({
  token: "",
  clientId: "",
  scopes: [],
  extra: { principal },
});

/** Makes the MCP servers of a bridge. Nothing runs before one is asked. */
export function createMcp(options: McpOptions): Mcp {
  const { bridge, version, clock = systemClock(), logger = silentLogger } = options;
  const answerBytes = Math.min(options.answerBytes ?? defaultAnswerBytes, maxAnswerBytes);
  const shared: Shared = { version, answerBytes, clock, logger, newest: { cursor: null } };
  const onerror = (error: Error): void =>
    logger.debug("A message of an MCP client was refused", { error: describeError(error) });
  const handler = createMcpHandler(
    ({ era, authInfo }) => {
      const principal = authInfo?.extra?.["principal"] as Principal | undefined;
      if (principal === undefined) throw new TypeError("A request came without a principal.");
      return serverFor(shared, bridge.as(principal), era);
    },
    { onerror },
  );
  return {
    fetch: async (request, { principal, body }) =>
      await handler.fetch(request, { authInfo: asAuthInfo(principal), parsedBody: body }),
    connect: (streams, principal) => {
      const transport = new LineTransport(streams, parseJSONRPCMessage);
      const served = serveStdio(({ era }) => serverFor(shared, bridge.as(principal), era), {
        transport,
        onerror,
      });
      return { closed: transport.closed, close: async () => await served.close() };
    },
    close: async () => await handler.close(),
  };
}
