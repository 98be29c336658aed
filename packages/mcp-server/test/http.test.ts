import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { toolTable } from "../src/tools/table.ts";
import { ann } from "./fixtures/bridges.ts";
import { serveMcp } from "./fixtures/http-server.ts";
import { envelope } from "./fixtures/raw-client.ts";
import { Client, StreamableHTTPClientTransport } from "./fixtures/sdk-v2.ts";

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Sends what no well-behaved client would. */
async function send(
  port: number,
  { method = "POST", headers = {}, body = "" }: Sent,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: IncomingHttpHeaders;
    text: string;
  }>();
  const request = httpRequest(
    { host: "127.0.0.1", port, method, path: "/mcp", headers },
    (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
      );
      answer.on("error", reject);
    },
  );
  // A server that refuses before it reads ends the connection while a body is still on its way.
  request.on("error", reject);
  request.end(body);
  return await promise;
}

const good = {
  authorization: "Bearer token-of-ann",
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2026-07-28",
};
const callOf = (name: string, input: object): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: input, _meta: envelope() },
  });
const callHeaders = (name: string): Record<string, string> => ({
  ...good,
  "mcp-method": "tools/call",
  "mcp-name": name,
});

describe("over Streamable HTTP", () => {
  test.each(["v1", "v2"])(
    "the %s client starts, waits for and reads a task",
    async (generation) => {
      const { url } = await serveMcp();
      const requestInit = { headers: { authorization: "Bearer token-of-ann" } };
      const info = { name: "test", version: "1" };
      const client =
        generation === "v1"
          ? new OldClient(info)
          : new Client(info, { versionNegotiation: { mode: "auto" } });
      if (client instanceof OldClient) await client.connect(new OldHttp(url, { requestInit }));
      else await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
      onTestFinished(async () => await client.close());
      const start = { prompt: "hello", wait_seconds: 20 };
      const begun = await client.callTool({ name: "task_start", arguments: start });
      expect(begun).toMatchObject({
        structuredContent: { task: { output: "re: hello", owner: "client:ann" } },
      });
      const refused = await client.callTool({ name: "task_get", arguments: { task_id: "task_x" } });
      expect(refused).toMatchObject({ isError: true });
    },
  );

  test("a token names its principal, and another's task is not found", async () => {
    const { port } = await serveMcp();
    const body = callOf("task_start", { prompt: "work" });
    const begun = await send(port, { headers: callHeaders("task_start"), body });
    const { result } = JSON.parse(begun.text) as {
      result: { structuredContent: { task: { task_id: string } } };
    };
    const get = callOf("task_get", { task_id: result.structuredContent.task.task_id });
    const others = { ...callHeaders("task_get"), authorization: "Bearer token-of-ben" };
    const read = await send(port, { headers: others, body: get });
    expect(read.text).toContain("TASK_NOT_FOUND");
  });

  test("S29 a client that goes away ends its waiting, and the task goes on", async () => {
    const { bridge, port } = await serveMcp();
    const body = callOf("agent", { prompt: "work", idempotency_key: "k" });
    const socket = connect(port, "127.0.0.1");
    const head = Object.entries({ host: `127.0.0.1:${port}`, ...callHeaders("agent") });
    const lines = [...head, ["content-length", String(body.length)]].map(
      ([key, value]) => `${key}: ${value}`,
    );
    socket.write(`POST /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
    const own = bridge.as(ann);
    await expect.poll(async () => (await own.tasks({ status: ["running"] })).items.length).toBe(1);
    socket.destroy();
    const again = callOf("agent", { prompt: "work", idempotency_key: "k", wait_seconds: 0 });
    const found = await send(port, { headers: callHeaders("agent"), body: again });
    const { items } = await own.tasks({});
    expect(items).toMatchObject([{ status: "running", cancelRequested: false }]);
    expect(found.text).toContain(items[0]?.id);
  });
});

describe("a request is refused before its body is read", () => {
  const deep = "[".repeat(65) + "]".repeat(65);
  const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  const cases: readonly (readonly [string, number, Sent, string?])[] = [
    [
      "a foreign host",
      403,
      { headers: { ...good, host: "evil.example" }, body: initialize },
      "host",
    ],
    ["a host with tricks", 403, { headers: { ...good, host: "evil.example#@localhost" } }, "host"],
    ["a foreign origin", 403, { headers: { ...good, origin: "https://evil.example" } }, "origin"],
    ["an opaque origin", 403, { headers: { ...good, origin: "null" } }, "origin"],
    [
      "an origin that only begins well",
      403,
      { headers: { ...good, origin: "http://localhost.evil.example" } },
      "origin",
    ],
    [
      "a foreign origin, also without a token",
      403,
      { headers: { origin: "https://evil.example" } },
      "origin",
    ],
    [
      "a foreign origin on GET",
      403,
      { method: "GET", headers: { ...good, origin: "https://evil.example" } },
      "origin",
    ],
    [
      "a foreign host on OPTIONS",
      403,
      { method: "OPTIONS", headers: { host: "evil.example" } },
      "host",
    ],
    ["no token", 401, { headers: { "content-type": "application/json" } }, "token"],
    [
      "an unknown token",
      401,
      { headers: { ...good, authorization: "Bearer token-of-eve" } },
      "token",
    ],
    ["another scheme", 401, { headers: { ...good, authorization: "Basic token-of-ann" } }, "token"],
    ["no token on GET", 401, { method: "GET" }, "token"],
    ["GET", 405, { method: "GET", headers: good }],
    ["DELETE", 405, { method: "DELETE", headers: good }],
    ["a form", 415, { headers: { ...good, "content-type": "text/plain" }, body: initialize }],
    [
      "a JSON-like type",
      415,
      { headers: { ...good, "content-type": "application/json-patch+json" } },
    ],
    ["a packed body", 415, { headers: { ...good, "content-encoding": "gzip" }, body: initialize }],
    ["too many bytes", 413, { headers: { ...good, "content-length": "1048577" }, body: "x" }],
    ["what is nested too deeply", 400, { headers: good, body: deep }],
    ["what is not JSON", 400, { headers: good, body: "{" }],
    ["what is not UTF-8", 400, { headers: good, body: Buffer.from([0x22, 0xff, 0x22]) }],
    [
      "an endless batch",
      400,
      { headers: good, body: JSON.stringify(Array.from({ length: 51 }, () => ({}))) },
    ],
  ];

  test.each(cases.map(([name, status, sent, reason]) => ({ name, status, sent, reason })))(
    "$name: $status",
    async ({ status, sent, reason }) => {
      const { port, logger } = await serveMcp();
      const answer = await send(port, sent);
      expect(answer.status).toBe(status);
      expect(answer.headers["www-authenticate"]).toBe(
        status === 401 ? 'Bearer realm="agent-bridge"' : undefined,
      );
      expect(JSON.parse(answer.text)).toMatchObject({ error: { message: expect.any(String) } });
      // One line for each denial, with who and what, and never the token.
      const lines = logger.lines.filter(({ message }) => message === "Denied");
      expect(lines.map(({ data }) => data["reason"])).toEqual(reason === undefined ? [] : [reason]);
      expect(JSON.stringify(logger.lines)).not.toContain("token-of");
    },
  );

  test("a body that has no length and does not end is not kept", async () => {
    const { port } = await serveMcp();
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    const head = Object.entries({ host: "localhost", ...good }).map(
      ([key, value]) => `${key}: ${value}`,
    );
    socket.write(
      `POST /mcp HTTP/1.1\r\n${head.join("\r\n")}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const piece = `${(64 * 1024).toString(16)}\r\n${"x".repeat(64 * 1024)}\r\n`;
    for (let sent = 0; sent < 40; sent++) socket.write(piece);
    await expect.poll(() => answer).toContain("413");
  });

  test("S23 nobody gets an answer: every tool, resource and method is refused in the same words", async () => {
    const { port } = await serveMcp();
    const asked = [
      ...toolTable.map(({ name }) => callOf(name, {})),
      ...[
        "tools/list",
        "resources/list",
        "resources/read",
        "prompts/get",
        "tasks/get",
        "tasks/update",
        "tasks/cancel",
      ].map((method) =>
        JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { _meta: envelope() } }),
      ),
    ];
    const answers = new Set<string>();
    for (const body of asked) {
      const { authorization: _, ...headers } = good;
      const { status, text } = await send(port, { headers, body });
      answers.add(`${status} ${text}`);
    }
    expect([...answers]).toEqual([expect.stringContaining("401")]);
  });

  test("its own hosts and pages may call", async () => {
    const { port } = await serveMcp();
    for (const host of ["localhost", `localhost:${port}`, `127.0.0.1:${port}`, "[::1]:7"]) {
      const headers = { ...callHeaders("task_list"), host, origin: "http://localhost:5173" };
      expect((await send(port, { headers, body: callOf("task_list", {}) })).status).toBe(200);
    }
  });
});
