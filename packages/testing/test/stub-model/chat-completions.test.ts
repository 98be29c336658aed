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

const request = (content: string, rest: object = {}, signal?: AbortSignal): Promise<Response> =>
  post(
    `${stub.url}/v1/chat/completions`,
    { model: "m", messages: [{ role: "user", content }], ...rest },
    signal,
  );

interface Chunk {
  readonly choices?: {
    readonly delta: {
      readonly content?: string;
      readonly reasoning_content?: string;
      readonly tool_calls?: { readonly function: { readonly name?: string; arguments: string } }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: object;
}

const chunks = async (text: string): Promise<Chunk[]> => {
  const body = await (await request(text, { stream: true })).text();
  expect(body.endsWith("data: [DONE]\n\n")).toBe(true);
  return eventsIn(body);
};
const deltas = (all: readonly Chunk[]): NonNullable<Chunk["choices"]>[number]["delta"][] =>
  all.flatMap((chunk) => (chunk.choices ?? []).map((choice) => choice.delta));

describe("POST /v1/chat/completions", () => {
  test("answers whole where no stream is asked for", async () => {
    const body: unknown = await (await request("[[think hm]] [[say all done]]")).json();
    expect(body).toMatchObject({
      object: "chat.completion",
      choices: [
        {
          message: { role: "assistant", content: "all done", reasoning_content: "hm" },
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
    });
  });

  test("streams thoughts and text in words and ends with the usage", async () => {
    const all = await chunks("[[think so so]] [[say all done]]");
    expect(deltas(all).flatMap((delta) => delta.reasoning_content ?? [])).toEqual(["so", " so"]);
    expect(deltas(all).flatMap((delta) => delta.content ?? [])).toEqual(["", "all", " done"]);
    expect(all.at(-2)?.choices?.[0]?.finish_reason).toBe("stop");
    expect(all.at(-1)?.usage).toMatchObject({ total_tokens: 120 });
  });

  test("streams a tool call's JSON in pieces", async () => {
    const all = await chunks('[[tool look {"where":"under the table"}]]');
    const calls = deltas(all).flatMap((delta) => delta.tool_calls ?? []);
    expect(calls[0]?.function.name).toBe("look");
    expect(calls.length).toBeGreaterThan(2);
    const json = calls.map((call) => call.function.arguments).join("");
    expect(JSON.parse(json)).toEqual({ where: "under the table" });
    expect(all.at(-2)?.choices?.[0]?.finish_reason).toBe("tool_calls");
  });

  test("a whole answer carries the tool call, and the tool's output takes the turn on", async () => {
    const first: unknown = await (await request("[[tool look]] [[say seen]]")).json();
    const call = { type: "function", function: { name: "look", arguments: "{}" } };
    expect(first).toMatchObject({
      choices: [{ message: { content: null, tool_calls: [call] }, finish_reason: "tool_calls" }],
    });
    const messages = [
      { role: "user", content: "[[tool look]] [[say seen]]" },
      { role: "tool", tool_call_id: "c", content: "a table" },
    ];
    const second: unknown = await (await request("", { messages })).json();
    expect(second).toMatchObject({ choices: [{ message: { content: "seen" } }] });
  });

  test("http, fail and cut fail, streamed or not", async () => {
    expect((await request("[[http 429]]")).status).toBe(429);
    expect((await request("[[fail boom]]")).status).toBe(500);
    await expect(request("[[cut]]")).rejects.toThrow("fetch failed");
    const streamed = await readUntilLost(await request("[[say a b c]] [[cut]]", { stream: true }));
    expect(streamed.isLost).toBe(true);
    expect(streamed.text).toContain('"content":" b"');
    expect(streamed.text).not.toContain('"content":" c"');
    const failed = await (await request("[[fail boom]]", { stream: true })).text();
    expect(failed).toContain('"code":"boom"');
  });

  test("a whole answer that hangs ends when the client leaves", async () => {
    const leave = new AbortController();
    const answer = request("[[hang]]", {}, leave.signal);
    await expect.poll(() => stub.log().at(-1)?.ending).toBe("hang");
    leave.abort();
    await expect(answer).rejects.toThrow("abort");
  });
});
