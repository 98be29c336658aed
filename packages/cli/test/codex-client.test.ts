import { execFile } from "node:child_process";
import { join } from "node:path";
import { codexOptionsSchema, codexRunner } from "@agent-bridge/plugin-codex";
import { codexHome, startStubModel } from "@agent-bridge/testing/stub-model";
import { silentLogger, systemClock } from "@agent-bridge/core";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { clientConfig, homeOnDemand } from "./background-daemons.ts";
import { document, type Home } from "./home.ts";
import { newClient } from "./sdk-clients.ts";

/** A home of Codex with the stub model, beside a home of the bridge. */
async function codexBeside(home: Home) {
  const model = await startStubModel();
  onTestFinished(async () => await model.close());
  return await codexHome({ folder: join(home.folder, "codex"), modelUrl: model.url });
}

/** The native binary that the runner's tests have as well. */
async function codexBinary(home: Home): Promise<string> {
  const context = { clock: systemClock(), folder: home.folder, logger: silentLogger };
  const runner = codexRunner(codexOptionsSchema.parse({}), context);
  const { path } = await runner.check(AbortSignal.timeout(20_000));
  if (path === null) throw new Error("Codex is not installed.");
  return path;
}

const itemSchema = z.object({
  type: z.literal("item.completed"),
  item: z.object({
    type: z.literal("mcp_tool_call"),
    server: z.string(),
    tool: z.string(),
    status: z.string(),
    result: z.object({ structured_content: z.record(z.string(), z.unknown()) }).nullable(),
    error: z.unknown(),
  }),
});

type Call = z.infer<typeof itemSchema>["item"];

test(
  "the real Codex, connected by the command, starts, waits, reads and cancels tasks",
  { timeout: 180_000 },
  async () => {
    const home = homeOnDemand();
    await home.up();
    const { environment } = await codexBeside(home);
    const program = await codexBinary(home);
    const env = { CODEX_HOME: environment["CODEX_HOME"] ?? "" };
    expect(await home.run(["connect", "codex", "--approve", "--yes"], { env })).toMatchObject({
      code: 0,
    });

    /** Runs one turn in which the model calls the tools in order. */
    const turn = async (...calls: (readonly [tool: string, input: object])[]): Promise<Call[]> => {
      const named = calls.map(
        ([tool, input]) => `[[tool mcp__agent_bridge__${tool} ${JSON.stringify(input)}]]`,
      );
      const args = ["exec", "--json", "--skip-git-repo-check", "-C", home.folder, "-"];
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const child = execFile(
        program,
        args,
        { env: { ...environment }, timeout: 60_000 },
        (error, out, said) =>
          error === null ? resolve(out) : reject(new Error(`${out}\n${said}`, { cause: error })),
      );
      child.stdin?.end(named.join("\n"));
      const lines = (await promise).trim().split("\n");
      return lines
        .map((line) => itemSchema.safeParse(JSON.parse(line)).data?.item)
        .filter((item) => item !== undefined);
    };

    const started = await turn([
      "task_start",
      { prompt: "text hello\nwait", idempotency_key: "k" },
    ]);
    expect(started).toMatchObject([
      { server: "agent-bridge", tool: "task_start", status: "completed" },
    ]);
    const { tasks } = document((await home.run(["task", "list", "--json"])).stdout) as {
      tasks: { id: string }[];
    };
    const id = tasks[0]?.id ?? "";
    const calls = await turn(
      ["task_wait", { task_ids: [id], timeout_seconds: 1 }],
      ["task_events", { task_id: id }],
      ["task_cancel", { task_id: id, reason: "enough" }],
      ["task_wait", { task_ids: [id], timeout_seconds: 20 }],
    );
    expect(calls.map(({ result }) => result?.structured_content)).toMatchObject([
      { timed_out: true, tasks: [{ task_id: id, status: "running" }] },
      {
        events: expect.arrayContaining([expect.objectContaining({ seq: 1, type: "task.created" })]),
      },
      { changed: true },
      { timed_out: false, tasks: [{ task_id: id, status: "cancelled" }] },
    ]);
  },
);

test(
  "a thread of the real Codex, begun and gone on with by its two tools, is kept over kill -9 of the daemon",
  { timeout: 180_000 },
  async () => {
    const home = homeOnDemand();
    const { folder } = await codexBeside(home);
    home.writeConfig({
      ...clientConfig,
      plugins: { "@agent-bridge/plugin-codex": { home: folder } },
      routes: [{ kind: "prompt", from: ["local"], runner: "codex" }],
    });
    const daemon = await home.up();
    const client = await newClient(home);
    const first = await client.tool("codex", { prompt: "Remember me.", wait_seconds: 60 });
    expect(first).toMatchObject({
      structuredContent: { status: "completed", content: expect.stringContaining("Remember me.") },
    });
    const threadId = first.structuredContent?.["threadId"];
    daemon.child.kill("SIGKILL");
    await daemon.ended;
    await home.up();
    const args = { threadId, prompt: "Go on.", wait_seconds: 60 };
    const second = await client.tool("codex-reply", args);
    // The model's count of the messages in the session, this one included.
    const content = expect.stringContaining("user messages seen: 2");
    expect(second).toMatchObject({ structuredContent: { status: "completed", threadId, content } });
  },
);
