import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clientConfig, daemonsOf, homeOnDemand } from "./background-daemons.ts";
import { isRunning } from "./home.ts";
import { McpClient } from "./mcp-client.ts";

const lost = { error: { code: "DAEMON_LOST", retryable: true, hint: expect.any(String) } };

test("a client is served by the daemon that runs, and the front ends with it", async () => {
  const home = homeOnDemand();
  const daemon = await home.up();
  const client = new McpClient(home);
  expect(await client.initialize()).toMatchObject({
    result: { serverInfo: { name: "agent-bridge" } },
  });
  const started = await client.tool("task_start", { prompt: "say hello", wait_seconds: 20 });
  expect(started).toMatchObject({ task: { status: "completed" } });
  client.front.child.stdin?.end();
  expect(await client.front.ended).toMatchObject({ code: 0, stderr: "" });
  expect(isRunning(daemon.child.pid)).toBe(true);
  expect(daemonsOf(home)).toEqual([]);
});

test("without a daemon the front starts one, which knows nothing of the client's environment and outlives it", async () => {
  const home = homeOnDemand();
  const env = { CLIENT_TOKEN: "a-secret-of-the-client", GREETING: "from the client" };
  const client = new McpClient(home, [], { env });
  await client.initialize();
  const [pid] = daemonsOf(home);
  const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
  expect(environment).toContain("GREETING=from the configuration");
  expect(environment).not.toContain("a-secret-of-the-client");
  client.front.child.kill("SIGKILL");
  await client.front.ended;
  const next = new McpClient(home);
  await next.initialize();
  expect(daemonsOf(home)).toEqual([pid]);
}, 60_000);

test("S35 ten fronts that start at once share one daemon", async () => {
  const home = homeOnDemand();
  const clients = Array.from({ length: 10 }, () => new McpClient(home));
  await Promise.all(clients.map(async (client) => await client.initialize()));
  await Promise.all(clients.map(async (client) => await client.tool("task_list")));
  await expect.poll(() => daemonsOf(home), { timeout: 10_000 }).toHaveLength(1);
}, 60_000);

test("S29 kill -9 of the daemon loses the call under way, retryably, and the front goes on with the next one", async () => {
  const home = homeOnDemand();
  const daemon = await home.up();
  const client = new McpClient(home);
  await client.initialize();
  const go = join(home.folder, "go");
  const request = { prompt: `until ${go}\nsay done`, idempotency_key: "once" };
  const { task } = await client.tool("task_start", request);
  const id = (task as { task_id: string }).task_id;
  const waiting = client.beginTool("task_wait", { task_ids: [id], timeout_seconds: 60 });
  const other = client.begin("tools/list");
  await client.answerTo(other);
  daemon.child.kill("SIGKILL");
  expect((await client.answerTo(waiting)).result).toMatchObject({
    isError: true,
    structuredContent: lost,
  });
  await home.up();
  writeFileSync(go, "");
  // The same key finds the same task, through the daemon of now, which was never told of this client by it.
  expect(await client.tool("task_start", request)).toMatchObject({ task: { task_id: id } });
  const waited = await client.tool("task_wait", { task_ids: [id], timeout_seconds: 20 });
  expect(waited).toMatchObject({ timed_out: false, tasks: [{ status: "completed" }] });
  const ids = client.answers.map((answer) => answer.id);
  expect(new Set(ids).size).toBe(ids.length);
}, 60_000);

test("S29 a client without a handshake, as of 2026-07-28, goes on over kill -9 alike", async () => {
  const home = homeOnDemand();
  const daemon = await home.up();
  const client = new McpClient(home);
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "a-test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const begin = (name: string, args: object): number =>
    client.begin("tools/call", { name, arguments: args, _meta });
  const started = await client.answerTo(begin("task_start", { prompt: "wait" }));
  const content = started.result?.structuredContent ?? {};
  const task = content["task"] as { task_id: string };
  const waiting = begin("task_wait", { task_ids: [task.task_id], timeout_seconds: 60 });
  const listed = await client.answerTo(begin("task_list", {}));
  expect(listed.result).toMatchObject({ resultType: "complete" });
  daemon.child.kill("SIGKILL");
  expect((await client.answerTo(waiting)).result).toMatchObject({
    resultType: "complete",
    isError: true,
    structuredContent: lost,
  });
  await home.up();
  const again = await client.answerTo(begin("task_get", { task_id: task.task_id }));
  expect(again.result?.structuredContent).toMatchObject({ task: { task_id: task.task_id } });
}, 60_000);

test("when the daemon was ended, the next call starts another, and not before it", async () => {
  const home = homeOnDemand();
  const daemon = await home.up();
  const client = new McpClient(home);
  await client.initialize();
  await client.tool("task_list");
  expect(await home.run(["down"])).toMatchObject({ code: 0 });
  await daemon.ended;
  // A front that nobody asks anything leaves a daemon that was ended ended.
  expect(daemonsOf(home)).toEqual([]);
  expect(await client.tool("task_list")).toMatchObject({ tasks: [] });
  expect(daemonsOf(home)).toHaveLength(1);
}, 60_000);

test("what is no message is answered, and the connection goes on", async () => {
  const home = homeOnDemand();
  await home.up();
  const client = new McpClient(home);
  client.write("this is no JSON");
  client.write("");
  client.write(`{"long":"${"x".repeat(2 * 1024 * 1024)}"}`);
  await client.initialize();
  await expect.poll(() => client.answers.filter(({ id }) => id === null)).toHaveLength(2);
  expect(await client.tool("task_list")).toMatchObject({ tasks: [] });
});

test("a configuration that does not check is told to the client and the person, and starts nothing", async () => {
  const home = homeOnDemand();
  home.writeConfig({ routs: [] });
  const client = new McpClient(home);
  const { error } = await client.answerTo(client.begin("initialize"));
  expect(error).toMatchObject({
    message: expect.stringContaining('Did you mean "routes"?'),
    data: { error: { code: "CONFIG_INVALID", retryable: false } },
  });
  const ended = await client.front.ended;
  expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining("CONFIG_INVALID") });
  expect(daemonsOf(home)).toEqual([]);
});

test("inside of a run without a token there is no way in, and nothing is started", async () => {
  const home = homeOnDemand();
  const marked = (stateId: string): McpClient => {
    return new McpClient(home, [], { env: { AGENT_BRIDGE_RUN: `${stateId}:task_1:1` } });
  };
  const early = marked("state_x");
  const refused = await early.answerTo(early.begin("initialize"));
  expect(refused.error?.data).toMatchObject({ error: { code: "DAEMON_NOT_RUNNING" } });
  expect(await early.front.ended).toMatchObject({ code: 4 });
  expect(daemonsOf(home)).toEqual([]);
  await home.up();
  const identity = JSON.parse(readFileSync(join(home.state, "identity.json"), "utf8")) as {
    stateId: string;
  };
  const inside = marked(identity.stateId);
  const { error } = await inside.answerTo(inside.begin("initialize"));
  expect(error?.data).toMatchObject({ error: { code: "NOT_ALLOWED" } });
  expect(await inside.front.ended).toMatchObject({ code: 5 });
});

test("--embedded is the daemon itself: it holds the lock, serves others, and ends with its client", async () => {
  const home = homeOnDemand({ ...clientConfig });
  const client = new McpClient(home, ["--embedded"]);
  await client.initialize();
  const started = await client.tool("task_start", { prompt: "say hello", wait_seconds: 20 });
  expect(started).toMatchObject({ task: { status: "completed" } });
  const holder = `process ${client.front.child.pid}`;
  expect(await home.run(["up"])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(holder),
  });
  const second = new McpClient(home, ["--embedded"]);
  expect(await second.front.ended).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/Without --embedded, .* joins that one\.\n.*STATE_LOCKED/),
  });
  const front = new McpClient(home);
  await front.initialize();
  expect(await front.tool("task_list")).toMatchObject({ tasks: [{ status: "completed" }] });
  client.front.child.stdin?.end();
  expect(await client.front.ended).toMatchObject({ code: 0 });
  expect(await home.run(["status"])).toMatchObject({ code: 4 });
}, 60_000);

test("what plugins print stays off the protocol", async () => {
  const home = homeOnDemand();
  const loud = join(home.folder, "loud.js");
  const core = import.meta.resolve("@agent-bridge/core");
  const zod = import.meta.resolve("zod");
  writeFileSync(
    loud,
    `import { definePlugin } from ${JSON.stringify(core)};
     import * as z from ${JSON.stringify(zod)};
     console.log("printed at import");
     setInterval(() => process.stdout.write("printed later\\n"), 5).unref();
     export default definePlugin({ name: "loud", version: "1.0.0", api: 1, options: z.strictObject({}), kinds: [],
       create: () => { console.log("printed at create"); return {}; } });`,
  );
  home.writeConfig({ ...clientConfig, plugins: { ...clientConfig.plugins, [loud]: {} } });
  const client = new McpClient(home, ["--embedded"]);
  await client.initialize();
  expect(await client.tool("bridge_describe")).toBeDefined();
  const request = { prompt: "print said in a run\nsay done", wait_seconds: 20 };
  expect(await client.tool("task_start", request)).toMatchObject({ task: { output: "done" } });
  await expect
    .poll(() => readFileSync(join(home.state, "daemon.log"), "utf8"), { timeout: 10_000 })
    .toMatch(/printed at import[^]*said in a run[^]*printed later/);
  expect(client.answers).toHaveLength(3);
}, 60_000);
