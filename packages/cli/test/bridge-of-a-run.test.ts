import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codexHome, startStubModel, type StubModel } from "@agent-bridge/testing/stub-model";
import { expect, onTestFinished, test } from "vitest";
import { document, makeHome, type Home } from "./home.ts";
import { McpClient } from "./mcp-client.ts";

type Entries = Readonly<Record<string, string>>;

/** A daemon whose real Codex and whose ReAct agent are given the bridge, and whose runs may start the scripted runner. */
async function agentDaemon(limits: object = {}): Promise<{ home: Home; model: StubModel }> {
  const model = await startStubModel();
  onTestFinished(() => model.close());
  const home = makeHome();
  const codex = await codexHome({ folder: join(home.folder, "codex"), modelUrl: model.url });
  const options = { bridge: true };
  const reactOptions = { ...options, tools: ["bridge.task_*"], unasked: ["bridge.*"] };
  home.writeConfig({
    plugins: {
      "scripted-plugin": {},
      "@agent-bridge/plugin-react-agent": { baseUrl: `${model.url}/v1`, model: "stub-model" },
      "@agent-bridge/plugin-codex": { home: codex.folder, env: { HOME: codex.folder } },
    },
    limits,
    routes: [
      { kind: "prompt", from: ["operator"], runner: "codex", options },
      { kind: "prompt", from: ["operator"], runner: "react", options: reactOptions },
      { kind: "prompt", from: ["operator", "run"], runner: "scripted" },
      { kind: "prompt", from: ["run"], runner: "codex", options },
    ],
  });
  await home.up();
  return { home, model };
}

const tool = (name: string, input: object = {}): string =>
  `[[tool mcp__bridge__${name} ${JSON.stringify(input)}]]`;

/** The names of the tools that the last call of the model offered. */
const offered = (model: StubModel): string =>
  JSON.stringify((model.log().at(-1)?.body as { tools?: unknown } | undefined)?.tools);

async function send(home: Home, prompt: string, runner = "codex"): Promise<string> {
  return (await home.run(["send", prompt, "--runner", runner])).stdout.trim();
}

/** What the tools of a task said, in order. */
async function resultsOf(home: Home, id: string): Promise<readonly string[]> {
  await home.run(["task", "wait", id, "--timeout", "60"]);
  const { stdout } = await home.run(["task", "events", id, "--json"]);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; data: { output?: unknown } });
  return events
    .filter(({ type }) => type === "turn.tool_result")
    .map(({ data }) => JSON.stringify(data.output));
}

/** The environments of all processes that can be read, but this one's. */
function environments(): readonly Entries[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const pairs = entries.map((entry) => [entry.split("=", 1)[0], entry.replace(/^[^=]*=/, "")]);
      return [Object.fromEntries(pairs) as Entries];
    } catch {
      // It has just ended, or is not ours.
      return [];
    }
  });
}

test.each([
  { runner: "codex", prefix: "mcp__bridge__" },
  { runner: "react", prefix: "bridge__" },
])(
  "S23 a real run of $runner starts a task through the bridge that it is given, waits for it, and sees nobody else's",
  async ({ runner, prefix }) => {
    const { home, model } = await agentDaemon();
    const other = await send(home, "say the operator's secret", "scripted");
    const start = { prompt: "say hi from below", runner: "scripted", wait_seconds: 30 };
    const steps = [
      tool("task_start", start),
      tool("task_list"),
      tool("task_get", { task_id: other }),
      tool("task_events", { task_id: other }),
      tool("task_cancel", { task_id: other }),
    ];
    const id = await send(home, steps.join("").replaceAll("mcp__bridge__", prefix), runner);
    const [started = "", list = "", ...refused] = await resultsOf(home, id);
    expect(started).toContain("hi from below");
    expect(list).toContain("task_");
    expect(list).not.toContain(other);
    expect(refused).toHaveLength(3);
    for (const text of refused) expect(text).toContain("TASK_NOT_FOUND");
    expect(refused.join(" ")).not.toContain("operator's secret");
    expect(offered(model)).toContain("task_start");
    expect(offered(model)).not.toContain("dead_letter");
    const { tasks } = document((await home.run(["task", "list", "--json"])).stdout);
    const shown = [{ owner: `run:${id}`, status: "completed" }, { id }, { id: other }];
    expect(tasks).toMatchObject(shown);
  },
  90_000,
);

test("S23 S24 the token of a run is in its server's environment alone, in no argument and no shell, and opens nothing after the run", async () => {
  const { home } = await agentDaemon();
  const go = join(home.folder, "go");
  const look = "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'";
  const waiting = `while [ ! -e ${go} ]; do sleep 0.05; done`;
  const id = await send(home, `${tool("task_list")}[[shell ${look}]][[shell ${waiting}]]`);
  const holders = (): readonly Entries[] =>
    environments().filter(
      (env) => env["AGENT_BRIDGE_RUN"]?.includes(id) && env["AGENT_BRIDGE_TOKEN"] !== undefined,
    );
  const isWaiting = (): boolean => commandLines().some((line) => line.includes(waiting));
  await expect.poll(() => holders().length > 0 && isWaiting(), { timeout: 30_000 }).toBe(true);
  expect(holders()).toHaveLength(1);
  const [env = {}] = holders();
  const token = env["AGENT_BRIDGE_TOKEN"] ?? "";
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(commandLines().filter((line) => line.includes(token))).toEqual([]);
  const client = new McpClient(home, [], { env });
  await client.initialize();
  expect(await client.tool("task_list")).toMatchObject({ tasks: [] });
  writeFileSync(go, "");
  const results = await resultsOf(home, id);
  expect(results.join("\n")).toContain(`AGENT_BRIDGE_RUN=`);
  expect(results.join("\n")).not.toContain("AGENT_BRIDGE_TOKEN");
  const late = new McpClient(home, [], { env });
  const { error } = await late.answerTo(late.begin("initialize"));
  expect(error?.data).toMatchObject({ error: { code: "NOT_ALLOWED" } });
  for (const { front } of [client, late]) front.child.kill();
  await expect.poll(holders, { timeout: 10_000 }).toEqual([]);
  expect(filesWith(home.folder, token)).toEqual([]);
}, 90_000);

test("S23 runs that start runs end at the depth, and at the count, that the limits allow", async () => {
  const { home } = await agentDaemon({ runTasks: 2, runDepth: 1 });
  const deeper = { prompt: tool("task_start", { prompt: "say too deep", runner: "scripted" }) };
  const more = tool("task_start", { prompt: "say more", runner: "scripted", wait_seconds: 20 });
  const nested = tool("task_start", { ...deeper, runner: "codex", wait_seconds: 50 });
  const id = await send(home, `${nested}${more}${more}`);
  const [, , third = ""] = await resultsOf(home, id);
  expect(third).toContain("Starting more than 2 tasks by one run");
  const { tasks } = document((await home.run(["task", "list", "--json"])).stdout);
  const child = (tasks as readonly { id: string; runner: string }[]).find(
    (task) => task.runner === "codex" && task.id !== id,
  );
  const [refused = ""] = await resultsOf(home, child?.id ?? "");
  expect(refused).toContain("more than 1 deep");
  expect(tasks).toHaveLength(3);
}, 90_000);

function commandLines(): readonly string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
    } catch {
      return [];
    }
  });
}

/** The files below a folder that hold a text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
