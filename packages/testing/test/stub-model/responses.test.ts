import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startStubModel } from "../../src/stub-model/index.ts";
import type { StubModel } from "../../src/stub-model/index.ts";
import { eventsIn, post, readUntilLost } from "./event-stream.ts";

let stub: StubModel;
beforeAll(async () => {
  stub = await startStubModel();
});
afterAll(async () => {
  await stub.close();
});

const user = (text: string): object => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

const request = (input: readonly object[] | string, rest: object = {}): Promise<Response> =>
  post(`${stub.url}/v1/responses`, { model: "m", stream: true, input, ...rest });

const events = async (text: string, rest: object = {}): Promise<Record<string, unknown>[]> =>
  eventsIn(await (await request([user(text)], rest)).text());

const items = (all: readonly Record<string, unknown>[]): unknown[] =>
  all
    .filter((event) => event["type"] === "response.output_item.done")
    .map((event) => event["item"]);

const tool = (name: string, type = "function"): object => ({ type, name });

describe("POST /v1/responses", () => {
  test("a message comes in deltas, then whole, then with the usage", async () => {
    const all = await events("[[say all is well]]");
    const deltas = all.filter((event) => event["type"] === "response.output_text.delta");
    expect(deltas.map((event) => event["delta"])).toEqual(["all", " is", " well"]);
    expect(items(all)).toMatchObject([
      { type: "message", content: [{ type: "output_text", text: "all is well" }] },
    ]);
    expect(all.at(-1)).toMatchObject({
      type: "response.completed",
      response: { status: "completed", usage: { input_tokens: 100, output_tokens: 20 } },
    });
    expect(all.map((event) => event["sequence_number"])).toEqual(all.map((_, index) => index));
  });

  test("thoughts are reasoning with a summary, before what is said", async () => {
    const all = await events("[[think step by step]] [[say ok]]");
    const deltas = all.filter(({ type }) => type === "response.reasoning_summary_text.delta");
    expect(deltas.map((event) => event["delta"])).toEqual(["step", " by", " step"]);
    expect(items(all)).toMatchObject([
      { type: "reasoning", summary: [{ text: "step by step" }] },
      { type: "message" },
    ]);
  });

  test.each([
    ["exec_command", { cmd: "ls", yield_time_ms: 10_000 }],
    ["shell_command", { command: "ls" }],
    ["shell", { command: ["bash", "-lc", "ls"] }],
    ["bash", { command: "ls" }],
  ])("a shell command goes to the shell tool that is offered: %s", async (name, input) => {
    const all = await events("[[shell ls]]", { tools: [tool("other"), tool(name)] });
    const [call] = items(all) as { name: string; arguments: string }[];
    expect(call).toMatchObject({ type: "function_call", name });
    expect(JSON.parse(call?.arguments ?? "")).toEqual(input);
  });

  test("a patch is freeform where apply_patch is, else a JSON call", async () => {
    const freeform = items(
      await events("[[patch n.txt]]", { tools: [tool("apply_patch", "custom")] }),
    );
    expect(freeform).toMatchObject([{ type: "custom_tool_call", name: "apply_patch" }]);
    expect(freeform).toMatchObject([
      { input: expect.stringContaining("*** Add File: n.txt\n+") as string },
    ]);
    const json = items(await events("[[patch]]", { tools: [tool("apply_patch")] }));
    expect(json).toMatchObject([{ type: "function_call", name: "apply_patch" }]);
  });

  test("a tool of a namespace is called by its own name within it", async () => {
    const tools = [{ type: "namespace", name: "mcp__stub", tools: [tool("add")] }];
    const all = await events('[[tool mcp__stub__add {"a":1}]]', { tools });
    expect(items(all)).toMatchObject([
      { type: "function_call", namespace: "mcp__stub", name: "add", arguments: '{"a":1}' },
    ]);
  });

  test("the tool's output takes the turn on", async () => {
    const text = "[[shell ls]] [[say seen]]";
    const output = { type: "function_call_output", call_id: "c", output: "a.txt" };
    const all = eventsIn(await (await request([user(text), output])).text());
    expect(items(all)).toMatchObject([{ content: [{ text: "seen" }] }]);
  });

  test("messages that the harness writes in the user's name are not counted", async () => {
    const input = [
      user("<environment_context>\n<cwd>/x</cwd>"),
      user("# AGENTS.md instructions"),
      user("one"),
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "1" }] },
      user("<turn_aborted>interrupted</turn_aborted>"),
      user("two"),
    ];
    const all = eventsIn(await (await request(input)).text());
    expect(items(all)).toMatchObject([
      { content: [{ text: "echo: two (user messages seen: 2)" }] },
    ]);
  });

  test("input may be one text", async () => {
    const all = eventsIn(await (await request("hello")).text());
    expect(items(all)).toMatchObject([
      { content: [{ text: "echo: hello (user messages seen: 1)" }] },
    ]);
  });

  test("http answers the status, so often as it is told", async () => {
    const statuses = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const response = await request([user("[[http 500 x2]] [[say fine]]")]);
      statuses.push(response.status);
      await response.text();
    }
    expect(statuses).toEqual([500, 500, 200]);
  });

  test("cut breaks the stream off after two deltas", async () => {
    const { text, isLost } = await readUntilLost(await request([user("[[say a b c d]] [[cut]]")]));
    const deltas = eventsIn(text).filter(({ type }) => type === "response.output_text.delta");
    expect(deltas.map((event) => event["delta"])).toEqual(["a", " b"]);
    expect(isLost).toBe(true);
  });

  test("hang sends two deltas and then nothing, until the server closes", async () => {
    const own = await startStubModel();
    const response = await post(`${own.url}/v1/responses`, { input: "[[say a b c]] [[hang]]" });
    const reading = readUntilLost(response);
    await own.close();
    const { text, isLost } = await reading;
    expect(text).not.toContain('"delta":" c"');
    expect(isLost).toBe(true);
  });

  test("silent accepts the request and never answers", async () => {
    const leave = new AbortController();
    const answer = post(`${stub.url}/v1/responses`, { input: "[[silent]]" }, leave.signal);
    await expect.poll(() => stub.log().at(-1)?.ending).toBe("silent");
    leave.abort();
    await expect(answer).rejects.toThrow("abort");
  });

  test("fail ends the stream with the error code", async () => {
    const all = await events("[[fail context_length_exceeded]]");
    expect(all.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "context_length_exceeded" } },
    });
  });

  test("slow waits between the deltas", async () => {
    const start = performance.now();
    await events("[[slow 10]] [[say a b c d]]");
    expect(performance.now() - start).toBeGreaterThanOrEqual(39);
  });

  test("a directive that cannot be read is answered with 400, which no harness repeats", async () => {
    const response = await request([user("[[tool x {]]")]);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("JSON");
  });
});
