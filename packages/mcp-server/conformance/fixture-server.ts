import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Bridge,
  type Handle,
  type Principal,
  silentLogger,
  systemClock,
} from "@agent-bridge/core";
import { createMcp, mcpListener } from "@agent-bridge/mcp-server";
import {
  type CallToolResult,
  createMcpHandler,
  isLegacyRequest,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Server,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import {
  asAuthInfo,
  callOf,
  declaredIn,
  serverFor,
  type Shared,
  writeResult,
} from "../src/adapter.ts";
import { declaresTasks, taskMethods, tasksExtension } from "../src/native-tasks.ts";
import { taskStart } from "../src/tools/task-start.ts";
import {
  contentPrompts,
  contentResource,
  contentTools,
  resourceList,
  text,
} from "./fixture-content.ts";
import {
  askingTools,
  callAsking,
  contextRound,
  nextRound,
  requireSampling,
} from "./fixture-inputs.ts";
import { clientTools, callClientTool } from "./fixture-client-tools.ts";
import { callTask, callTaskMethod, taskTools } from "./fixture-tasks.ts";

/** Whom the token is of that is put before the requests of the suite, which sends none. */
const principal: Principal = { type: "client", id: "suite" };
const logger = silentLogger;

const anyObject = { type: "object" as const };

async function callFixture(
  name: string,
  of: { shared: Shared; handle: Handle; input: Record<string, unknown>; context: ServerContext },
): Promise<CallToolResult> {
  const { shared, handle, input, context } = of;
  const fixed = contentTools[name];
  if (fixed !== undefined) return fixed;
  if (askingTools.includes(name)) return callAsking(name, context);
  if (clientTools.includes(name)) return await callClientTool(name, input, context);
  const own = ownTools[name];
  if (own !== undefined) return await own(context);
  if (taskTools.includes(name)) {
    const call = callOf(shared, handle, { tool: taskStart, context });
    return await callTask(name, { call, context, logger, input });
  }
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${name}.`);
}

async function tellProgress({ mcpReq }: ServerContext): Promise<CallToolResult> {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progressToken !== undefined) {
      const params = { progressToken, progress, total: 100 };
      await mcpReq.notify({ method: "notifications/progress", params });
    }
    if (progress < 100) await sleep(50);
  }
  return { content: [text("Done, with progress.")] };
}

/** Tells the open subscriptions of the modern server that its lists have changed. */
const changes: Partial<Record<"tools" | "prompts", () => void>> = {};

const tell = async (what: "tools" | "prompts"): Promise<CallToolResult> => {
  changes[what]?.();
  return await Promise.resolve({ content: [text("They have changed.")] });
};

/** Tools that do something of their own with the protocol. */
const ownTools: Readonly<Record<string, (context: ServerContext) => Promise<CallToolResult>>> = {
  test_tool_with_progress: tellProgress,
  test_missing_capability: async (context) => await Promise.resolve(requireSampling(context)),
  test_trigger_tool_change: async () => await tell("tools"),
  test_trigger_prompt_change: async () => await tell("prompts"),
};

/** Puts the suite's fixtures in the place of our tables, on a server object of ours. */
function addFixtures(server: Server, shared: Shared, handle: Handle): Server {
  server.registerCapabilities({
    completions: {},
    logging: {},
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true },
  });
  const names = [
    ...Object.keys(contentTools),
    ...askingTools,
    ...clientTools,
    ...Object.keys(ownTools),
    ...taskTools,
  ];
  server.setRequestHandler("tools/list", () => ({
    tools: names.map((name) => ({
      name,
      description: "A tool of the suite.",
      inputSchema: anyObject,
    })),
  }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const input = params.arguments ?? {};
    return await callFixture(params.name, { shared, handle, input, context });
  });
  server.setRequestHandler("resources/list", () => ({ resources: resourceList }));
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [
      { uriTemplate: "test://template/{id}/data", name: "template", description: "A template." },
    ],
  }));
  server.setRequestHandler("resources/read", ({ params: { uri } }) => {
    const found = contentResource(uri);
    if (found === undefined) throw new ResourceNotFoundError(uri);
    return { contents: [found as never] };
  });
  server.setRequestHandler("resources/subscribe", () => ({}));
  server.setRequestHandler("resources/unsubscribe", () => ({}));
  server.setRequestHandler("completion/complete", () => ({
    completion: { values: ["paris", "park", "party"], total: 3, hasMore: false },
  }));
  addPrompts(server);
  addTasks(server, shared, handle);
  return server;
}

function addPrompts(server: Server): void {
  const asking = "test_input_required_result_prompt";
  server.setRequestHandler("prompts/list", () => ({
    prompts: [
      ...Object.entries(contentPrompts),
      [asking, { arguments: [] as readonly string[] }] as const,
    ].map(([name, row]) => ({
      name,
      description: "A prompt of the suite.",
      arguments: row.arguments.map((argument) => ({ name: argument, required: true })),
    })),
  }));
  server.setRequestHandler("prompts/get", ({ params }, context) => {
    if (params.name === asking) {
      const round = nextRound(contextRound, context);
      if (round !== undefined) return round;
      return {
        messages: [{ role: "user" as const, content: text("The context is known.") }],
      };
    }
    const row = contentPrompts[params.name];
    if (row === undefined)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such prompt.");
    return { messages: row.write(params.arguments ?? {}) };
  });
}

function addTasks(server: Server, { answerBytes }: Shared, handle: Handle): void {
  for (const [name, method] of Object.entries(taskMethods)) {
    server.setRequestHandler(name, { params: method.params }, async (given, context) => {
      if (!declaresTasks(declaredIn(context))) {
        const requiredCapabilities = { extensions: { [tasksExtension]: {} } };
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
      }
      const { inputResponses } = context.mcpReq;
      const params = {
        ...(given as { taskId: string }),
        ...(inputResponses === undefined ? {} : { inputResponses: inputResponses as never }),
      };
      try {
        return await callTaskMethod(
          name,
          { handle, answerBytes, write: writeResult as never },
          params,
        );
      } catch (error) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          error instanceof Error ? error.message : "It failed.",
        );
      }
    });
  }
}

/** Old clients that are asked something while they wait need a session: a server object for each. */
function sessions(make: () => Server) {
  const open = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return async (request: Request, body: unknown): Promise<Response> => {
    const id = request.headers.get("mcp-session-id");
    const known = id === null ? undefined : open.get(id);
    if (known !== undefined) return await known.handleRequest(request, { parsedBody: body });
    if (id !== null) return new Response(null, { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void open.set(session, transport),
      onsessionclosed: (session) => void open.delete(session),
    });
    await make().connect(transport);
    return await transport.handleRequest(request, { parsedBody: body });
  };
}

/** A server for the suite on loopback: our gate, authentication, body limits, adapter, tasks and engine. */
export async function serveFixtures(
  bridge: Bridge,
): Promise<{ url: string; close(): Promise<void> }> {
  const shared: Shared = {
    version: "0.0.0",
    answerBytes: 16_384,
    clock: systemClock(),
    logger,
    newest: { cursor: null },
  };
  const handle = bridge.as(principal);
  const make = (era: "legacy" | "modern"): Server =>
    addFixtures(serverFor(shared, handle, era), shared, handle);
  const modern = createMcpHandler(() => make("modern"));
  changes.tools = () => modern.notify.toolsChanged();
  changes.prompts = () => modern.notify.promptsChanged();
  const legacy = sessions(() => make("legacy"));
  const fixtures = {
    fetch: async (request: Request, { body }: { body: unknown }) =>
      (await isLegacyRequest(request, body))
        ? await legacy(request, body)
        : await modern.fetch(request, { authInfo: asAuthInfo(principal), parsedBody: body }),
  };
  return await listen(mcpListener({ mcp: fixtures, ...authentication }));
}

/** The production server as it is. */
export async function serveProduction(
  bridge: Bridge,
): Promise<{ url: string; close(): Promise<void> }> {
  const mcp = createMcp({ bridge, version: "0.0.0" });
  return await listen(mcpListener({ mcp, ...authentication }));
}

const authentication = {
  logger,
  authenticate: (given: string) => (given === "suite" ? principal : undefined),
};

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.headers.authorization ??= "Bearer suite";
    void handler(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
