import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client";
import {
  isCreateTaskResultV2,
  isDetailedTaskV2,
  isToolCallTaskResultV2,
} from "@modelcontextprotocol/ext-tasks/core/v2";
import { describe, expect, onTestFinished, test } from "vitest";
import { ann, startMcp } from "./fixtures/bridges.ts";
import { serveMcp } from "./fixtures/http-server.ts";
import { rawClient } from "./fixtures/raw-client.ts";
import { Client, StreamableHTTPClientTransport } from "./fixtures/sdk-v2.ts";

const authorization = "Bearer token-of-ann";
const clientInfo = { name: "oracle", version: "1" };
const protocolVersion = "2026-07-28";
const clientCapabilities = {
  elicitation: { form: {} },
  extensions: { "io.modelcontextprotocol/tasks": {} },
};

interface Framed {
  readonly method: string;
  readonly params?: { readonly name?: string; readonly taskId?: string };
}

/** The official requester of the tasks extension, over real HTTP. */
async function requester(url: URL) {
  const client = new Client(clientInfo, {
    capabilities: clientCapabilities,
    versionNegotiation: { mode: { pin: protocolVersion } },
  });
  await client.connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization } } }),
  );
  const session = createTaskSessionFromClient(client, {
    endpointId: "bridge",
    v2RequestFraming: { protocolVersion, clientInfo, clientCapabilities },
    rawDispatch: async (request) => {
      const { method, params } = request as unknown as Framed;
      const name = params?.name ?? params?.taskId;
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          authorization,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": protocolVersion,
          "mcp-method": method,
          ...(name === undefined ? {} : { "mcp-name": name }),
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...(request as object) }),
      });
      const { result, error } = (await answer.json()) as { result: never; error?: never };
      return error === undefined ? { kind: "result", result } : { kind: "error", error };
    },
    onInputRequest: async () => await Promise.resolve({ action: "accept" } as never),
  });
  onTestFinished(async () => {
    await session.close();
    await client.close();
  });
  return session;
}

describe("the official requester of the tasks extension", () => {
  test.each([
    ["task_start", { prompt: "hello" }, { task: { output: "re: hello" } }],
    ["agent", { prompt: "hello" }, { content: "re: hello" }],
    ["agent", { prompt: "ask" }, { content: "answered: accept" }],
  ])("gets the result of %s through its task", async (name, input, wanted) => {
    const { url, bridge } = await serveMcp();
    const session = await requester(url);
    const execution = await session.callTool(name, input);
    const { outcome } = await execution.settle();
    expect(JSON.parse(JSON.stringify(outcome))).toMatchObject({
      result: { structuredContent: wanted },
    });
    expect((await bridge.as(ann).tasks({})).items).toHaveLength(1);
  });

  test("takes every state of a task for one by its schemas", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    for (const [prompt, status] of [
      ["hello", "completed"],
      ["fail", "completed"],
      ["ask", "input_required"],
      ["form", "input_required"],
      ["work", "working"],
    ] as const) {
      const params = { name: "task_start", arguments: { prompt } };
      const { result: created } = await client.taskRequest("tools/call", params);
      expect(isCreateTaskResultV2(created)).toBe(true);
      expect(isToolCallTaskResultV2("tools/call", created)).toBe(true);
      const taskId = created?.["taskId"];
      const read = async () => (await client.taskRequest("tasks/get", { taskId })).result;
      await expect.poll(async () => (await read())?.["status"], { timeout: 10_000 }).toBe(status);
      const result = await read();
      expect([prompt, isDetailedTaskV2(result)]).toEqual([prompt, true]);
      await client.taskRequest("tasks/cancel", { taskId });
    }
  });
});

const inspector = join(
  createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json"),
  "../clients/launcher/build/index.js",
);

/** Runs the Inspector's command line; a home of its own keeps it from the person's settings. */
async function inspect(url: URL, ...args: string[]): Promise<{ code: number; out: string }> {
  const home = mkdtempSync(join(tmpdir(), "mcp-inspector-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { PATH = "" } = process.env;
  const all = [
    "--cli",
    url.href,
    "--transport",
    "http",
    "--header",
    `Authorization: ${authorization}`,
  ];
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      [inspector, ...all, "--format", "json", ...args],
      { env: { PATH, HOME: home }, cwd: home, timeout: 60_000 },
      (error, out) => resolve({ code: error === null ? 0 : Number(error.code), out }),
    );
  });
}

describe.each(["modern", "legacy"])("the Inspector's command line, %s", (era) => {
  test(
    "lists the tools, starts a task, and ends with 5 where a tool refuses",
    { timeout: 120_000 },
    async () => {
      const { url } = await serveMcp();
      const own = ["--protocol-era", era];
      const listed = await inspect(url, ...own, "--method", "tools/list");
      expect(listed).toMatchObject({ code: 0, out: expect.stringContaining("task_start") });
      const call = [...own, "--method", "tools/call", "--tool-name"];
      const started = await inspect(
        url,
        ...call,
        "task_start",
        "--tool-arg",
        "prompt=hello",
        "wait_seconds=20",
      );
      expect(started).toMatchObject({ code: 0, out: expect.stringContaining("re: hello") });
      const refused = await inspect(url, ...call, "task_get", "--tool-arg", "task_id=task_x");
      expect(refused).toMatchObject({ code: 5, out: expect.stringContaining("TASK_NOT_FOUND") });
    },
  );
});
