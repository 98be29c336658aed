import { memoryStore, systemClock, systemRandom } from "@agent-bridge/core";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createBridge, errorCodes } from "@agent-bridge/core";
import { createMcp } from "@agent-bridge/mcp-server";
import { toolTable } from "../src/tools/table.ts";
import { recordingLogger, ann, streamsTo } from "./fixtures/bridges.ts";
import { kinds } from "./fixtures/kinds.ts";
import { RawClient, rawClient, type Reply } from "./fixtures/raw-client.ts";
import { directedRunner, pairedRunner } from "./fixtures/runners.ts";

const logger = recordingLogger();
const bridge = createBridge({
  store: memoryStore({ clock: systemClock(), random: systemRandom }),
  kinds,
  routes: ["directed", "agent"].map((runner) => ({ kind: "prompt", from: "*" as const, runner })),
  runners: [directedRunner(), pairedRunner()],
  limits: { quotas: { openTasks: 1_000_000 } } as never,
});
const mcp = createMcp({ bridge, version: "1", logger });
beforeAll(async () => await bridge.start());
afterAll(async () => {
  await mcp.close();
  await bridge.stop();
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "",
    "__proto__",
    "constructor",
    "\u0000",
    "\u001b[2J",
    "task_x",
    "../../etc",
    "\ud800",
    "-1",
    "👩‍🚀",
  ),
  fc.integer({ min: 1000, max: 6000 }).map((length) => "x".repeat(length)),
);
const deep = fc
  .integer({ min: 2, max: 60 })
  .map((depth) => JSON.parse(`${"[".repeat(depth)}1${"]".repeat(depth)}`) as unknown);
const scalar = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), deep);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 10 }),
  fc.dictionary(text, scalar, { maxKeys: 5 }),
);

const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });

/** The names that a tool takes, and some that none does. */
function inputFor(names: readonly string[]): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(names.map((name) => [name, value]));
  return fc.oneof(
    { weight: 8, arbitrary: fc.record(known, { requiredKeys: [] }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.oneof(text, fc.constantFrom(...names, "x")), value, {
        maxKeys: 5,
      }),
    },
    value,
  );
}

/** What may never be in an answer: a place in our code. */
const stack = /\bat [\w.<>]+ \(|\.ts:\d+:\d+|node_modules/;

/** Codes that an answer may give; a fault of ours is none of them. */
const codes: readonly unknown[] = [
  ...errorCodes.filter((code) => code !== "INTERNAL"),
  "runner_failed",
  "cancelled",
];

/** What is wrong with an answer; undefined for a good one, and for one that says what was wrong with the request. */
function problemWith({ result, error }: Reply): string | undefined {
  const all = JSON.stringify(result ?? error);
  if (stack.test(all)) return `a place in our code: ${all}`;
  if (Buffer.byteLength(all) > 64 * 1024) return "too large";
  // Arguments that are no object are a malformed request.
  if (result === undefined) return error?.code === -32_602 ? undefined : all;
  if (result["isError"] !== true) return undefined;
  const { error: failure } = result["structuredContent"] as { error?: Record<string, unknown> };
  const isWhole = typeof failure?.["message"] === "string" && typeof failure["hint"] === "string";
  return isWhole && codes.includes(failure["code"]) ? undefined : all;
}

const tools = toolTable
  .map(({ name, input }) => ({
    name,
    keys: Object.keys((input as { shape?: object }).shape ?? {}),
  }))
  .concat([
    { name: "agent", keys: ["prompt", "mode", "idempotency_key", "wait_seconds"] },
    { name: "agent-reply", keys: ["threadId", "prompt", "wait_seconds"] },
  ]);

/** A long wait is not what is looked at here. */
const impatient = (input: unknown): unknown => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const waits = ["wait_seconds", "timeout_seconds"].filter((key) => Object.hasOwn(input, key));
  const short = waits.filter((key) => typeof (input as Record<string, unknown>)[key] === "number");
  return { ...input, ...Object.fromEntries(short.map((key) => [key, 0])) };
};

describe("whatever a client gives", () => {
  test.each(tools)("$name answers with a code, and nothing of ours", async ({ name, keys }) => {
    const client = rawClient(mcp, ann);
    const waits = ["task_wait", "agent", "agent-reply"].includes(name);
    const wait = name === "task_wait" ? { timeout_seconds: 0 } : { wait_seconds: 0 };
    await fc.assert(
      fc.asyncProperty(inputFor(keys), async (given) => {
        const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
        const input =
          waits && isObject ? { ...wait, ...(impatient(given) as object) } : impatient(given);
        const reply = await client.request("tools/call", { name, arguments: input });
        expect(problemWith(reply)).toBeUndefined();
      }),
      { numRuns: 40, endOnFailure: true },
    );
    expect(logger.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
    "resources/read",
    "prompts/get",
    "tools/call",
    "no/such",
  ])("%s answers with an error of the protocol, or a result", async (method) => {
    const client = rawClient(mcp, ann);
    const keys = ["taskId", "inputResponses", "uri", "name", "arguments"];
    await fc.assert(
      fc.asyncProperty(inputFor(keys), async (given) => {
        const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
        const reply = await client.taskRequest(
          method,
          (isObject ? given : {}) as Record<string, unknown>,
        );
        const all = JSON.stringify(reply);
        expect(all).not.toMatch(stack);
        // Never -32603: whatever is given, it is no fault of the server.
        expect([undefined, -32_602, -32_601, -32_600]).toContain(reply.error?.code);
        expect(logger.lines.filter(({ level }) => level === "error")).toEqual([]);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  test.each([
    ["resources/read", { uri: 5 }],
    ["resources/read", {}],
    ["prompts/get", { name: ["delegate"] }],
    ["prompts/get", { name: "delegate", arguments: { work: 5 } }],
  ])("%s says that parameters like %j are invalid", async (method, params) => {
    const client = rawClient(mcp, ann);
    expect((await client.request(method, params)).error?.code).toBe(-32_602);
  });

  test("prototypes can not be reached by a name", async () => {
    const client = rawClient(mcp, ann);
    const line = `{"jsonrpc":"2.0","id":"p","method":"tools/call","params":{"name":"agent","arguments":{"prompt":"x","wait_seconds":0,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}}`;
    client.say(line);
    await expect.poll(() => client.unasked.length).toBe(1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("lines that are no messages are answered, and the connection goes on", async () => {
    const streams = streamsTo(mcp, ann);
    const client = new RawClient(streams);
    const lines = [
      "garbage",
      "\u0000\u001b[2J",
      "[1,2",
      "[".repeat(100) + "]".repeat(100),
      `"${"x".repeat(2 * 1024 * 1024)}"`,
      '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    ];
    for (const [index, line] of lines.entries()) {
      client.say(line);
      await expect.poll(() => client.unasked.length, { timeout: 5000 }).toBe(index + 1);
      expect(client.unasked[index]?.error?.code).toBe(-32_700);
    }
    expect(client.unasked.map(({ id }) => id)).toEqual([null, null, null, null, null, 1]);
    client.say("");
    expect((await client.call("task_list")).isError).toBe(false);
    onTestFinished(async () => await streams.connection.close());
  });

  test("a request that is too long or too deep is answered under its id", async () => {
    const client = rawClient(mcp, ann);
    const long = { name: "task_start", arguments: { prompt: "x".repeat(2 * 1024 * 1024) } };
    const replies = await Promise.all([
      client.request("tools/call", long),
      client.request("tools/call", { name: "task_list", arguments: nested(80) }),
      client.request("tools/call", long),
    ]);
    expect(replies.map(({ error }) => error?.code)).toEqual([-32_700, -32_700, -32_700]);
    expect(client.unasked).toEqual([]);
  });
});
