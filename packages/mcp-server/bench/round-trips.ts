/**
 * Measures `task_get` beside a tool that only echoes, behind the same front, and the bare SDK's echo: over HTTP and
 * over stdio, one call at a time and 32 at once. In each round the three take turns, so that what else the
 * machine does falls on all of them; a ratio is the median of the ratios within a round.
 *
 * Usage: round-trips.ts [rounds] [calls]; with `serve NAME TASK FOLDER` it is the server of one of them, on its stdio.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  createBridge,
  type Handle,
  type Principal,
  silentLogger,
  systemClock,
  systemRandom,
} from "@agent-bridge/core";
import { createMcp, mcpListener } from "@agent-bridge/mcp-server";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { createMcpHandler, parseJSONRPCMessage, Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { asAuthInfo, serverFor, type Shared } from "../src/adapter.ts";
import { LineTransport } from "../src/line-transport.ts";

const [mode, served = "", , givenFolder] = process.argv.slice(2);
const isServer = mode === "serve";
const [rounds = 7, calls = 400] = isServer ? [] : process.argv.slice(2).map(Number);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const principal: Principal = { type: "client", id: "bench" };
const _meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** One way to make a call, and to end. */
interface Line {
  readonly call: (name: string, input: object) => Promise<unknown>;
  readonly close: () => void | Promise<void>;
}

const body = (id: number, name: string, input: object): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name, arguments: input, _meta },
  });

async function overHttp(listener: RequestListener): Promise<Line> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const call = async (name: string, input: object): Promise<unknown> =>
    await new Promise((resolve, reject) => {
      const headers = {
        authorization: "Bearer bench",
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": name,
      };
      const sent = request(
        { port, host: "127.0.0.1", method: "POST", path: "/mcp", agent, headers },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          answer.on("end", () => resolve(JSON.parse(text)));
        },
      );
      sent.on("error", reject);
      sent.end(body(1, name, input));
    });
  return {
    call,
    close: () => (agent.destroy(), server.closeAllConnections(), void server.close()),
  };
}

/** A server of its own on the stdio of a child; a client that only writes and reads lines. */
function overStdio(name: string, taskId: string): Line {
  const self = process.argv[1] ?? "";
  const args = ["--conditions=agent-bridge-source", self, "serve", name, taskId, folder];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, (answer: unknown) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line) as { id: number };
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let next = 1;
  const call = async (tool: string, input: object): Promise<unknown> =>
    await new Promise((resolve) => {
      waiting.set(next, resolve);
      child.stdin.write(`${body(next++, tool, input)}\n`);
    });
  return { call, close: () => void child.kill() };
}

const echo = (server: Server): Server => {
  server.setRequestHandler("tools/call", ({ params }) => ({
    content: [{ type: "text", text: JSON.stringify(params.arguments) }],
    structuredContent: params.arguments ?? {},
  }));
  return server;
};

const bareEcho = (): Server =>
  echo(new Server({ name: "bare", version: "0" }, { capabilities: { tools: {} } }));

async function answerWith(response: ServerResponse, answering: Promise<Response>): Promise<void> {
  const answer = await answering;
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}

/** The SDK's handler and nothing else. */
function bareListener(): RequestListener {
  const handler = createMcpHandler(() => bareEcho());
  return (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const headers = Object.entries(incoming.headers) as [string, string][];
      const web = new Request("http://localhost/mcp", { method: "POST", headers });
      const parsedBody: unknown = JSON.parse(Buffer.concat(chunks).toString());
      void answerWith(response, handler.fetch(web, { parsedBody }));
    });
  };
}

async function timed(
  line: Line,
  of: { name: string; input: object; atOnce: number },
): Promise<number> {
  const times: number[] = [];
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = performance.now();
      await line.call(of.name, of.input);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: of.atOnce }, worker));
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

const cell = (value: number): string => value.toFixed(3).padStart(8);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function compare(
  title: string,
  lines: { real: Line; echo: Line; bare: Line },
  taskId: string,
): Promise<void> {
  const get = { name: "task_get", input: { task_id: taskId } };
  // What is echoed is as long as the task is.
  const { result } = (await lines.real.call(get.name, get.input)) as {
    result: { content: { text: string }[] };
  };
  const length = result.content[0]?.text.length ?? 0;
  const said = { name: "echo", input: { text: "x".repeat(length) } };
  for (const atOnce of [1, 32]) {
    const seen: { real: number; echo: number; bare: number }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const real = await timed(lines.real, { ...get, atOnce });
      const echoed = await timed(lines.echo, { ...said, atOnce });
      const bare = await timed(lines.bare, { ...said, atOnce });
      // The first round warms up.
      if (round > 0) seen.push({ real, echo: echoed, bare });
    }
    const figures = [
      cell(median(seen.map(({ real }) => real))),
      cell(median(seen.map((one) => one.echo))),
      cell(median(seen.map(({ bare }) => bare))),
      cell(median(seen.map((one) => one.real / one.echo))),
      cell(median(seen.map((one) => one.real / one.bare))),
    ];
    print(`${`${title}, ${atOnce} at once`.padEnd(24)} ${figures.join(" ")}`);
  }
}

const folder = givenFolder ?? mkdtempSync(join(tmpdir(), "agent-bridge-mcp-bench-"));
const clock = systemClock();
const store = sqliteStore({ path: join(folder, "bridge.db"), clock, random: systemRandom });
const bridge = createBridge({ store, routes: [], runners: [] });
const logger = silentLogger;
const shared: Shared = {
  version: "0",
  answerBytes: 16_384,
  clock,
  logger,
  newest: { cursor: null },
};
const handle: Handle = bridge.as(principal);
const authenticate = (token: string): Principal | undefined =>
  token === "bench" ? principal : undefined;
const front = (mcp: Parameters<typeof mcpListener>[0]["mcp"]): RequestListener => {
  const listener = mcpListener({ mcp, authenticate, logger });
  return (incoming, response) => void listener(incoming, response);
};

/** Serves one of the three on this process's stdio, until it is ended. */
function serveStreams(): void {
  const streams = { input: process.stdin, output: process.stdout };
  if (served === "real") createMcp({ bridge, version: "0" }).connect(streams, principal);
  else if (served === "echo") {
    const transport = new LineTransport(streams, parseJSONRPCMessage);
    serveStdio(({ era }) => echo(serverFor(shared, handle, era)), { transport });
  } else serveStdio(() => bareEcho());
}

if (isServer) serveStreams();
else await measure();

async function measure(): Promise<void> {
  try {
    const taskId = await anyTask();
    const mcp = createMcp({ bridge, version: "0" });
    const ownEcho = createMcpHandler(() => echo(serverFor(shared, handle, "modern")));
    const http = {
      real: await overHttp(front(mcp)),
      echo: await overHttp(
        front({
          fetch: async (web, { body: parsedBody }) =>
            await ownEcho.fetch(web, { authInfo: asAuthInfo(principal), parsedBody }),
        }),
      ),
      bare: await overHttp(bareListener()),
    };
    const stdio = {
      real: overStdio("real", taskId),
      echo: overStdio("echo", taskId),
      bare: overStdio("bare", taskId),
    };
    print(
      `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}; p50 in ms, ${rounds} rounds of ${calls} calls\n`,
    );
    print(`${"".padEnd(24)} task_get     echo bare SDK  ÷ echo   ÷ bare`);
    await compare("HTTP", http, taskId);
    await compare("stdio", stdio, taskId);
    for (const line of [...Object.values(http), ...Object.values(stdio)]) await line.close();
    await mcp.close();
  } finally {
    await bridge.stop();
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A task as most are when they are asked for: with a prompt of a few lines. */
async function anyTask(): Promise<string> {
  const other = createBridge({
    store,
    routes: [{ kind: "prompt", from: "*", runner: "none" }],
    runners: [
      {
        name: "none",
        capabilities: { resume: false, questions: "none" },
        sessionScope: "anywhere",
        options: (await import("zod")).unknown(),
        check: async () =>
          await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
        async *run() {},
      },
    ],
  });
  const { task } = await other
    .as(principal)
    .start({ payload: { text: "Look at this. ".repeat(20) } });
  return task.id;
}
