import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clientConfig, homeOnDemand } from "./background-daemons.ts";
import { document, type Home } from "./home.ts";
import { McpClient } from "./mcp-client.ts";

const config = {
  ...clientConfig,
  routes: [{ kind: "prompt", from: ["operator", "run"], runner: "scripted" }],
};

/** A run that asked how it may use the bridge, and waits until `go` is there. */
async function runWithAccess(home: Home): Promise<{
  readonly id: string;
  readonly go: string;
  readonly env: Readonly<Record<string, string>>;
}> {
  const [file, go] = [join(home.folder, "access"), join(home.folder, "go")];
  const { stdout } = await home.run(["send", `access ${file}\nuntil ${go}\nsay done`]);
  await expect.poll(() => existsSync(file), { timeout: 15_000 }).toBe(true);
  const env = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  return { id: stdout.trim(), go, env };
}

test("S23 a run reaches what it started by its token, and nothing else of the bridge", async () => {
  const home = homeOnDemand(config);
  await home.up();
  const other = (await home.run(["send", "wait"])).stdout.trim();
  const { id, env } = await runWithAccess(home);
  // As a sandboxed agent's server has it: without the way to the key.
  const client = new McpClient(home, [], { env: { ...env, AGENT_BRIDGE_HOME: "/nowhere" } });
  await client.initialize();
  expect(await client.tool("task_list")).toMatchObject({ tasks: [] });
  const started = await client.tool("task_start", { prompt: "say hi", wait_seconds: 20 });
  expect(started).toMatchObject({ task: { status: "completed" } });
  expect(await client.tool("task_get", { task_id: id })).toMatchObject({ task: { task_id: id } });
  expect(await client.tool("task_get", { task_id: other })).toMatchObject({
    error: { code: "TASK_NOT_FOUND" },
  });
  const { result } = await client.answerTo(client.begin("tools/list"));
  const { tools } = result as { tools: readonly { name: string }[] };
  const names = tools.map(({ name }) => name);
  expect(names).toContain("task_start");
  for (const absent of ["task_reply", "task_resume", "dead_letter_retry"]) {
    expect(names).not.toContain(absent);
  }
  const list = document((await home.run(["task", "list", "--json"])).stdout);
  expect(list["tasks"]).toMatchObject([{ owner: `run:${id}` }, { id }, { id: other }]);
  const told = (await home.run(["task", "events", id])).stdout;
  expect(told).toContain("mine is [secret]");
  expect(told).not.toContain(env["AGENT_BRIDGE_TOKEN"]);
  expect(await home.run(["status"], { env })).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("from inside one of its own runs"),
  });
}, 60_000);

test("the token ends with the run: who is connected is cut off, and nobody comes in by it again", async () => {
  const home = homeOnDemand(config);
  await home.up();
  const { id, go, env } = await runWithAccess(home);
  const client = new McpClient(home, [], { env });
  await client.initialize();
  const other = await client.tool("task_start", { prompt: "wait" });
  const child = (other["task"] as { task_id: string }).task_id;
  const waiting = client.beginTool("task_wait", { task_ids: [child], timeout_seconds: 60 });
  writeFileSync(go, "");
  expect((await client.answerTo(waiting)).result).toMatchObject({ isError: true });
  const late = await client.answerTo(client.beginTool("task_list"));
  expect(late.result).toMatchObject({
    structuredContent: { error: { code: "NOT_ALLOWED", retryable: false } },
  });
  // What the run had started goes on: it was accepted.
  const shown = document((await home.run(["task", "show", child, "--json"])).stdout);
  expect(shown).toMatchObject({ task: { status: "running", owner: `run:${id}` } });
}, 60_000);

test("a token that never was opens nothing, and nothing is started for it", async () => {
  const home = homeOnDemand(config);
  await home.up();
  const client = new McpClient(home, [], { env: { AGENT_BRIDGE_TOKEN: "0".repeat(64) } });
  const { error } = await client.answerTo(client.begin("initialize"));
  expect(error?.data).toMatchObject({ error: { code: "NOT_ALLOWED" } });
  expect(await client.front.ended).toMatchObject({ code: 5 });
});
