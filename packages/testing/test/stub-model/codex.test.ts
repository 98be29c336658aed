import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codexHome, startStubModel } from "../../src/stub-model/index.ts";
import type { CodexHome, StubModel } from "../../src/stub-model/index.ts";

/** The native binary that the codex plugin's dev dependency brings. */
const binary = ((): string => {
  const plugin = createRequire(new URL("../../../../plugins/codex/package.json", import.meta.url));
  const codex = createRequire(plugin.resolve("@openai/codex/package.json"));
  const platform = `@openai/codex-${process.platform}-${process.arch}/package.json`;
  const folder = dirname(codex.resolve(platform));
  const [found] = globSync(join(folder, "vendor/*/bin/codex"));
  if (found === undefined) throw new Error(`There is no codex binary under ${folder}.`);
  return found;
})();

let folder: string;
let work: string;
let stub: StubModel;
let home: CodexHome;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stub-model-codex-"));
  work = join(folder, "work");
  await mkdir(work);
  stub = await startStubModel();
  home = await codexHome({
    folder: join(folder, "home"),
    modelUrl: stub.url,
    shellEnvironment: { STUB_MARK: "marked" },
  });
});
afterAll(async () => {
  await stub.close();
  await rm(folder, { recursive: true });
});

interface ExecLine {
  readonly type: string;
  readonly thread_id?: string;
  readonly message?: string;
  readonly usage?: object;
  readonly item?: Readonly<Record<string, unknown>> & { readonly type: string };
}

/** One turn of `codex exec --json`. */
async function exec(prompt: string, thread?: string): Promise<{ code: number; lines: ExecLine[] }> {
  const resume = thread === undefined ? [] : ["resume", thread];
  const settings = ["-s", "danger-full-access", "-C", work, "--skip-git-repo-check"];
  const child = spawn(binary, ["exec", "--json", ...settings, ...resume, "-"], {
    env: { ...home.environment, OPENAI_API_KEY: "must-not-reach-a-shell" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.end(prompt);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const lines = output.trim().split("\n");
  return { code: code as number, lines: lines.map((line) => JSON.parse(line) as ExecLine) };
}

const completed = (lines: readonly ExecLine[], type: string): Readonly<Record<string, unknown>>[] =>
  lines.flatMap(({ type: event, item }) =>
    event === "item.completed" && item?.type === type ? [item] : [],
  );

describe("the real codex against the stub", () => {
  test("a turn thinks, runs a command without the caller's secrets, and answers", async () => {
    const { code, lines } = await exec(
      "[[think look first]] [[shell echo $STUB_MARK:$OPENAI_API_KEY]] [[say all done]]",
    );
    expect(code).toBe(0);
    expect(completed(lines, "reasoning")).toMatchObject([{ text: "look first" }]);
    expect(completed(lines, "command_execution")).toMatchObject([
      { aggregated_output: "marked:\n", exit_code: 0 },
    ]);
    expect(completed(lines, "agent_message")).toMatchObject([{ text: "all done" }]);
    expect(lines.at(-1)).toMatchObject({ type: "turn.completed", usage: { input_tokens: 200 } });
  });

  test("a resumed session holds the earlier messages, as the echo proves", async () => {
    const first = await exec("first");
    const thread = first.lines[0]?.thread_id;
    const second = await exec("second", thread);
    expect(second.lines[0]?.thread_id).toBe(thread);
    expect(completed(second.lines, "agent_message")).toMatchObject([
      { text: "echo: second (user messages seen: 2)" },
    ]);
  });

  test("a patch changes the folder", async () => {
    const { lines } = await exec("[[patch notes.txt]] [[say patched]]");
    expect(completed(lines, "file_change")).toMatchObject([{ status: "completed" }]);
    expect(await readFile(join(work, "notes.txt"), "utf8")).toContain("stub model");
  });

  test("failures that pass are retried, and a failure that stays ends the turn", async () => {
    const passing = await exec("[[http 500 x2]] [[cut x1]] [[say fine after all]]");
    expect(passing.code).toBe(0);
    expect(completed(passing.lines, "agent_message")).toMatchObject([{ text: "fine after all" }]);
    const staying = await exec("[[fail invalid_prompt]]");
    expect(staying.code).toBe(1);
    expect(staying.lines.at(-1)?.type).toBe("turn.failed");
  });

  test("app-server streams the same turn in deltas and stops a turn that hangs", async () => {
    const server = appServer();
    await server.request("initialize", {
      clientInfo: { name: "stub-model-test", title: null, version: "0" },
      capabilities: { experimentalApi: true },
    });
    const started = await server.request("thread/start", {
      cwd: work,
      approvalPolicy: "never",
      sandbox: "danger-full-access",
    });
    const { id: threadId } = started["thread"] as { readonly id: string };
    const turn = async (prompt: string): Promise<string> => {
      const input = [{ type: "text", text: prompt, text_elements: [] }];
      const begun = await server.request("turn/start", { threadId, input });
      return (begun["turn"] as { readonly id: string }).id;
    };

    await turn("[[think hm hm]] [[say one two]]");
    await expect.poll(() => server.statuses(), { timeout: 10_000 }).toEqual(["completed"]);
    expect(server.deltas("item/reasoning/summaryTextDelta")).toBe("hm hm");
    expect(server.deltas("item/agentMessage/delta")).toBe("one two");

    const hanging = await turn("[[say a b c]] [[hang]]");
    await expect.poll(() => server.deltas("item/agentMessage/delta")).toBe("one twoa b");
    await server.request("turn/interrupt", { threadId, turnId: hanging });
    await expect.poll(() => server.statuses()).toEqual(["completed", "interrupted"]);
    await server.close();
  });
});

interface Notification {
  readonly method: string;
  readonly params: { readonly delta?: string; readonly turn?: { readonly status: string } };
}

/** A small client of `codex app-server`: one JSON object a line. */
function appServer(): {
  request(method: string, params: object): Promise<Readonly<Record<string, unknown>>>;
  deltas(method: string): string;
  statuses(): string[];
  close(): Promise<void>;
} {
  const child = spawn(binary, ["app-server"], {
    env: home.environment,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  const seen: Notification[] = [];
  const waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>();
  createInterface(child.stdout).on("line", (line) => {
    const message = JSON.parse(line) as Notification & { id?: number; result?: object };
    if (message.id === undefined) seen.push(message);
    else waiting.get(message.id)?.((message.result ?? {}) as Readonly<Record<string, unknown>>);
  });
  let lastId = 0;
  return {
    request: (method, params) =>
      new Promise((resolve) => {
        lastId += 1;
        waiting.set(lastId, resolve);
        child.stdin.write(`${JSON.stringify({ id: lastId, method, params })}\n`);
      }),
    deltas: (method) =>
      seen.flatMap((one) => (one.method === method ? (one.params.delta ?? "") : [])).join(""),
    statuses: () =>
      seen.flatMap((one) =>
        one.method === "turn/completed" ? (one.params.turn?.status ?? []) : [],
      ),
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
