import { describe, expect, test } from "vitest";
import { ann, ben, startMcp } from "./fixtures/bridges.ts";
import { rawClient, type RawClient, type Reply } from "./fixtures/raw-client.ts";

const begin = async (client: RawClient, name: string, input: object): Promise<Reply> =>
  await client.taskRequest("tools/call", { name, arguments: input });

const taskIdOf = ({ result }: Reply): string => result?.["taskId"] as string;

async function until(client: RawClient, taskId: string, status: string): Promise<Reply> {
  let reply: Reply = {};
  await expect
    .poll(
      async () => {
        reply = await client.taskRequest("tasks/get", { taskId });
        return reply.result?.["status"];
      },
      { timeout: 15_000 },
    )
    .toBe(status);
  return reply;
}

describe("a client that declares the tasks extension", () => {
  test("is answered with a task under the bridge's own id, which is durable by then", async () => {
    const { bridge, mcp } = await startMcp({ isStarted: false });
    const client = rawClient(mcp, ann);
    const reply = await begin(client, "task_start", { prompt: "hello" });
    expect(reply.result).toMatchObject({
      resultType: "task",
      status: "working",
      ttlMs: null,
      pollIntervalMs: 1000,
      createdAt: expect.stringMatching(/Z$/),
      lastUpdatedAt: expect.stringMatching(/Z$/),
    });
    expect((await bridge.as(ann).task(taskIdOf(reply))).input.prompt).toBe("hello");
    await bridge.start();
    const { result } = await until(client, taskIdOf(reply), "completed");
    expect(result).toMatchObject({
      resultType: "complete",
      result: { structuredContent: { task: { output: "re: hello" } } },
    });
  });

  test("gets the answer of a pair's tool in that tool's shape", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const reply = await begin(client, "agent", { prompt: "hello" });
    const { result } = await until(client, taskIdOf(reply), "completed");
    expect(result).toMatchObject({
      result: { structuredContent: { content: "re: hello", task_id: taskIdOf(reply) } },
    });
  });

  test("gets an agent's failure as completed with isError, and a cancelled task as cancelled", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const failing = await begin(client, "task_start", { prompt: "fail" });
    const { result } = await until(client, taskIdOf(failing), "completed");
    expect(result).toMatchObject({
      result: { isError: true, structuredContent: { error: { code: "runner_failed" } } },
    });
    const taskId = taskIdOf(await begin(client, "task_start", { prompt: "work" }));
    expect((await client.taskRequest("tasks/cancel", { taskId })).result).toMatchObject({
      resultType: "complete",
    });
    await until(client, taskId, "cancelled");
    // To cancel what has ended is acknowledged, too.
    expect((await client.taskRequest("tasks/cancel", { taskId })).error).toBeUndefined();
  });

  test("answers questions by tasks/update: approvals and forms; a late answer is an error", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const blue = { action: "accept", content: { colour: "blue" } };
    for (const [prompt, response, output, lateCode] of [
      // The same answer once more is no late answer.
      ["ask", { action: "accept" }, "answered: accept", undefined],
      ["ask", { action: "cancel" }, "answered: decline", "QUESTION_CLOSED"],
      ["form", blue, 'answered: {"colour":"blue"}', "QUESTION_CLOSED"],
    ] as const) {
      const taskId = taskIdOf(await begin(client, "task_start", { prompt }));
      const asked = await until(client, taskId, "input_required");
      const requests = asked.result?.["inputRequests"] as Record<string, unknown>;
      const [key = ""] = Object.keys(requests);
      expect(requests[key]).toMatchObject({ method: "elicitation/create" });
      const inputResponses = { [key]: response, unknown: { ignored: true } };
      const update = await client.taskRequest("tasks/update", { taskId, inputResponses });
      expect(update.result).toMatchObject({ resultType: "complete" });
      const { result } = await until(client, taskId, "completed");
      expect(result).toMatchObject({ result: { structuredContent: { task: { output } } } });
      const late = { [key]: { action: "accept", content: { colour: "red" } } };
      const refused = await client.taskRequest("tasks/update", { taskId, inputResponses: late });
      expect((refused.error?.data as { error?: { code?: string } })?.error?.code).toBe(lateCode);
    }
  });

  test("gets a task from task_resume only when that made a new one", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const begun = await begin(client, "task_start", { prompt: "hello" });
    const { result } = await until(client, taskIdOf(begun), "completed");
    const final = result?.["result"] as { structuredContent: { task: Record<string, string> } };
    const conversation = final.structuredContent.task["conversation_id"];
    const place = { task_id: taskIdOf(begun), conversation_id: conversation };
    const attached = await begin(client, "task_resume", place);
    expect(attached.result).toMatchObject({ resultType: "complete" });
    const resumed = await begin(client, "task_resume", { ...place, message: "go on" });
    expect(resumed.result).toMatchObject({ resultType: "task" });
    const ended = await until(client, taskIdOf(resumed), "completed");
    expect(ended.result).toMatchObject({
      result: { structuredContent: { created: true, task: { output: "re: go on" } } },
    });
  });

  test("is refused before anything is begun as everyone else is", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const reply = await begin(client, "task_start", { prompt: "hello", runner: "nobody" });
    expect(reply.result).toMatchObject({ isError: true, resultType: "complete" });
  });

  test("S23 finds no task of another, in the words for what never was", async () => {
    const { mcp } = await startMcp();
    const taskId = taskIdOf(await begin(rawClient(mcp, ann), "task_start", { prompt: "work" }));
    const other = rawClient(mcp, ben);
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const inputResponses = {};
      const real = await other.taskRequest(method, { taskId, inputResponses });
      const never = await other.taskRequest(method, { taskId: "task_x", inputResponses });
      expect(real.error?.code).toBe(-32_602);
      expect(JSON.stringify(real.error).replaceAll(taskId, "task_x")).toBe(
        JSON.stringify(never.error),
      );
    }
  });
});

describe("a client that does not declare it", () => {
  test("gets a plain answer, and is told what the methods need", async () => {
    const client = rawClient((await startMcp()).mcp, ann);
    const { result } = await client.call("task_start", { prompt: "hello" });
    expect(result).toMatchObject({ resultType: "complete" });
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const reply = await client.request(method, { taskId: "task_x", inputResponses: {} });
      expect(reply.error).toMatchObject({
        code: -32_021,
        data: { requiredCapabilities: { extensions: { "io.modelcontextprotocol/tasks": {} } } },
      });
    }
  });
});
