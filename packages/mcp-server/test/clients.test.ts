import { Client, StdioServerTransport as V2Streams } from "./fixtures/sdk-v2.ts";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioServerTransport as OldStreams } from "@modelcontextprotocol/sdk/server/stdio.js";
import { expect, onTestFinished, test } from "vitest";
import { ann, startMcp, streamsTo } from "./fixtures/bridges.ts";

const toolNames = [
  "bridge_describe",
  "task_start",
  "task_get",
  "task_list",
  "task_wait",
  "task_events",
  "task_send",
  "task_reply",
  "task_cancel",
  "task_resume",
  "dead_letter_list",
  "dead_letter_retry",
  "agent",
  "agent-reply",
];

/** What both generations of clients do alike. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(request: { name: string; arguments: Record<string, unknown> }): Promise<object>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  readResource(request: { uri: string }): Promise<{ contents: object[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  getPrompt(request: { name: string; arguments: Record<string, string> }): Promise<object>;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

const info = { name: "test", version: "1" };

/** The client of today's programs: it speaks 2025-11-25 and before. */
async function oldClient(streams: ReturnType<typeof streamsTo>): Promise<AnyClient> {
  const client = new OldClient(info);
  await client.connect(new OldStreams(streams.input, streams.output));
  return client;
}

async function newClient(streams: ReturnType<typeof streamsTo>): Promise<AnyClient> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new V2Streams(streams.input, streams.output));
  return client;
}

test.each([
  ["the v1 client", oldClient],
  ["the v2 client", newClient],
])("%s starts a task, waits for it and reads it", async (_, connect) => {
  const { mcp } = await startMcp();
  const client = await connect(streamsTo(mcp, ann));
  onTestFinished(async () => await client.close());
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(toolNames);
  expect(client.getInstructions()).toContain("task_start");
  // Both check the structured content against the output schema, also that of a refusal.
  const start = { prompt: "hello", wait_seconds: 20 };
  const begun = await client.callTool({ name: "task_start", arguments: start });
  expect(begun).toMatchObject({ structuredContent: { task: { output: "re: hello" } } });
  const refused = await client.callTool({ name: "task_get", arguments: { task_id: "task_x" } });
  expect(refused).toMatchObject({
    isError: true,
    structuredContent: { error: { code: "TASK_NOT_FOUND" } },
  });
  const pair = await client.callTool({ name: "agent", arguments: { prompt: "again" } });
  expect(pair).toMatchObject({ structuredContent: { content: "re: again" } });
  const { resources } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual(["bridge://kinds", "bridge://runners"]);
  const { contents } = await client.readResource({ uri: "bridge://kinds" });
  expect(JSON.stringify(contents)).toContain("A text for an agent.");
  const { prompts } = await client.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(["delegate", "triage_failed", "resume_task"]);
  const prompt = { name: "delegate", arguments: { work: "Tidy up." } };
  expect(JSON.stringify(await client.getPrompt(prompt))).toContain("Tidy up.");
  await expect(client.callTool({ name: "no_such", arguments: {} })).rejects.toThrow("no_such");
});
