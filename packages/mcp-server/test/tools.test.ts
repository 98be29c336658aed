import { describe, expect, test } from "vitest";
import { ann, operator, startMcp } from "./fixtures/bridges.ts";
import { rawClient, type RawClient } from "./fixtures/raw-client.ts";

const started = async (
  client: RawClient,
  prompt: string,
): Promise<{ id: string; conversation: string }> => {
  const { value } = await client.call("task_start", { prompt });
  const { task } = value as { task: { task_id: string; conversation_id: string } };
  return { id: task.task_id, conversation: task.conversation_id };
};

async function clientOf(given: Parameters<typeof startMcp>[0] = {}): Promise<RawClient> {
  return rawClient((await startMcp(given)).mcp, ann);
}

describe("a task over MCP", () => {
  test("is started, waited for, read and listed, with times in ISO 8601 and keys in snake case", async () => {
    const client = await clientOf();
    const { id, conversation } = await started(client, "hello");
    const waited = await client.call("task_wait", { task_ids: [id] });
    expect(waited.value).toMatchObject({
      timed_out: false,
      tasks: [{ task_id: id, status: "completed" }],
      cursor: expect.any(String),
    });
    const { value, content } = await client.call("task_get", { task_id: id });
    expect(value).toMatchObject({
      task: {
        task_id: id,
        conversation_id: conversation,
        kind: "prompt",
        runner: "directed",
        owner: "client:ann",
        status: "completed",
        output: "re: hello",
        prompt: "hello",
        error: null,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        input_requests: [],
      },
    });
    expect(JSON.parse(content[0]?.text ?? "")).toEqual(value);
    const list = await client.call("task_list", { status: ["completed"] });
    expect(list.value).toMatchObject({ tasks: [{ task_id: id }], next_cursor: null });
  });

  test("is waited for by its start where that is asked, and an agent's failure is an error with its code", async () => {
    const client = await clientOf();
    const ok = await client.call("task_start", { prompt: "hello", wait_seconds: 20 });
    expect(ok.value).toMatchObject({
      created: true,
      timed_out: false,
      task: { status: "completed" },
    });
    expect(ok.isError).toBe(false);
    const failed = await client.call("task_start", { prompt: "fail", wait_seconds: 20 });
    expect(failed.isError).toBe(true);
    expect(failed.value).toMatchObject({
      task: { status: "failed", error: { code: "runner_failed", exit_code: 3 } },
      error: { code: "runner_failed", message: "It broke.", retryable: false },
    });
  });

  test("of any kind is started with a payload by its schema", async () => {
    const client = await clientOf();
    const payload = { from: "ann", text: "hello" };
    const { value } = await client.call("task_start", { kind: "note", payload });
    expect(value).toMatchObject({ task: { kind: "note" } });
    const wrong = await client.call("task_start", { kind: "note", payload: { text: 7 } });
    expect(wrong.value).toMatchObject({ error: { code: "INPUT_INVALID" } });
    const neither = await client.call("task_start", {});
    expect(neither.value).toMatchObject({ error: { code: "INPUT_INVALID" } });
  });

  test("S29 is found by its idempotency key when the answer of its start was lost", async () => {
    const client = await clientOf();
    const request = { prompt: "work", idempotency_key: "k" };
    const first = await client.call("task_start", request);
    const again = await client.call("task_start", request);
    expect(first.value).toMatchObject({ created: true });
    expect(again.value).toMatchObject({ created: false, task: { task_id: taskIdOf(first) } });
    const other = await client.call("task_start", { ...request, prompt: "other" });
    expect(other.value).toMatchObject({
      error: { code: "IDEMPOTENCY_CONFLICT", retryable: false, details: { key: "k" } },
    });
  });

  test("is cancelled once, keeps what was said, and is shown as cancelled", async () => {
    const client = await clientOf();
    const { id } = await started(client, "work");
    await client.call("task_events", { task_id: id, types: ["turn.text"], wait_seconds: 20 });
    const cancelled = await client.call("task_cancel", { task_id: id, reason: "enough" });
    expect(cancelled.value).toMatchObject({ changed: true });
    await client.call("task_wait", { task_ids: [id] });
    const { value } = await client.call("task_get", { task_id: id });
    expect(value).toMatchObject({
      task: { status: "cancelled", output: "half of it", error: { code: "cancelled" } },
    });
    const again = await client.call("task_cancel", { task_id: id });
    expect(again.value).toMatchObject({ changed: false });
    for (const [status, count] of [
      ["cancelled", 1],
      ["failed", 0],
    ] as const) {
      const { tasks } = (await client.call("task_list", { status: [status] })).value;
      expect(tasks).toHaveLength(count);
    }
  });

  test("asks, shows its question, and goes on with the answer; the same answer again changes nothing", async () => {
    const client = await clientOf();
    const { id } = await started(client, "ask");
    await client.call("task_wait", { task_ids: [id] });
    const { value } = await client.call("task_get", { task_id: id });
    expect(value).toMatchObject({
      task: {
        status: "input_required",
        input_requests: [
          { type: "approval", title: "May I?", details: { command: "rm -rf build" } },
        ],
      },
    });
    const request = (value as { task: { input_requests: { request_id: string }[] } }).task
      .input_requests[0]?.request_id;
    const answer = { task_id: id, request_id: request, action: "accept" };
    const unknown = await client.call("task_reply", { ...answer, request_id: "question_x" });
    expect(unknown.value).toMatchObject({ error: { code: "QUESTION_NOT_FOUND" } });
    expect((await client.call("task_reply", answer)).value).toMatchObject({ changed: true });
    expect((await client.call("task_reply", answer)).value).toMatchObject({ changed: false });
    await client.call("task_wait", { task_ids: [id] });
    const ended = await client.call("task_get", { task_id: id });
    expect(ended.value).toMatchObject({ task: { output: "answered: accept" } });
    const late = await client.call("task_reply", { ...answer, action: "decline" });
    expect(late.value).toMatchObject({ error: { code: "QUESTION_CLOSED" } });
  });

  test("gets follow-ups in its conversation, by its own id or that of the conversation", async () => {
    const client = await clientOf();
    const { id, conversation } = await started(client, "hello");
    for (const place of [{ task_id: id }, { conversation_id: conversation }]) {
      const { value } = await client.call("task_send", { ...place, message: "more" });
      expect(value).toMatchObject({ created: true, task: { conversation_id: conversation } });
    }
    const both = await client.call("task_send", {
      task_id: id,
      conversation_id: "c",
      message: "x",
    });
    expect(both.value).toMatchObject({ error: { code: "INPUT_INVALID" } });
  });

  test("is resumed only with its own conversation, and an ended one goes on as a new task", async () => {
    const client = await clientOf();
    const { id, conversation } = await started(client, "hello");
    const wrong = await client.call("task_resume", { task_id: id, conversation_id: "conv_x" });
    expect(wrong.value).toMatchObject({ error: { code: "TASK_NOT_FOUND" } });
    await client.call("task_wait", { task_ids: [id] });
    const place = { task_id: id, conversation_id: conversation };
    const attached = await client.call("task_resume", place);
    expect(attached.value).toMatchObject({
      created: false,
      task: { task_id: id },
      next_cursor: expect.any(String),
    });
    const { events } = attached.value as { events: { type: string; seq: number }[] };
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.type).toBe("task.completed");
    const next = await client.call("task_resume", { ...place, message: "go on" });
    expect(next.value).toMatchObject({ created: true, task: { continues: id } });
    const same = await client.call("task_resume", { ...place, message: "go on" });
    expect(taskIdOf(same)).toBe(taskIdOf(next));
  });
});

const taskIdOf = ({ value }: { value: object }): string =>
  (value as { task: { task_id: string } }).task.task_id;

describe("a pair of tools of a runner", () => {
  test("begins a thread and goes on in it, with task and conversation in the answer", async () => {
    const client = await clientOf();
    const first = await client.call("agent", { prompt: "hello" });
    expect(first.value).toMatchObject({
      content: "re: hello",
      status: "completed",
      timed_out: false,
      task_id: expect.stringMatching(/^task_/),
    });
    const { threadId, conversation_id: conversation } = first.value as Record<string, string>;
    expect(threadId).toBe(conversation);
    const second = await client.call("agent-reply", { threadId, prompt: "more" });
    expect(second.value).toMatchObject({ content: "re: more", threadId });
    const foreign = await client.call("agent-reply", { threadId: "conv_x", prompt: "more" });
    expect(foreign.value).toMatchObject({ error: { code: "CONVERSATION_NOT_FOUND" } });
  });

  test("passes on what the runner takes from callers, and refuses the rest", async () => {
    const client = await clientOf();
    const quiet = await client.call("agent", { prompt: "x", mode: "quiet" });
    expect(quiet.isError).toBe(false);
    const loud = await client.call("agent", { prompt: "x", mode: "loud" });
    expect(loud.value).toMatchObject({ error: { code: "NOT_ALLOWED" } });
    const other = await client.call("agent", { prompt: "x", root: "/" });
    expect(other.value).toMatchObject({ error: { code: "INPUT_INVALID" } });
  });

  test("tells in time that the agent is still at work", async () => {
    const client = await clientOf();
    const { value, isError } = await client.call("agent", { prompt: "work", wait_seconds: 0.05 });
    expect(isError).toBe(false);
    expect(value).toMatchObject({ timed_out: true, content: "", status: "running" });
  });

  test("is there for those who may send the runner a prompt", async () => {
    const routes = [{ kind: "prompt", from: ["ben"], runner: "agent" }];
    const client = await clientOf({ routes });
    await expect(client.call("agent", { prompt: "x" })).rejects.toThrow("-32602");
    const { result } = await client.request("tools/list");
    expect(JSON.stringify(result)).not.toContain("agent-reply");
  });
});

describe("dead letters", () => {
  test("S28 a message that can not be handled is listed with its reason, for the operator alone", async () => {
    const { bridge, mcp } = await startMcp({
      channels: [
        {
          name: "inbox",
          inbox: "log",
          ack: async () => await Promise.resolve(),
          deduplicates: () => true,
          receive: async ({ after, signal }) => {
            if (after !== null)
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
            const lost = {
              id: "m1",
              kind: "lost",
              workspace: "w",
              payload: { secret: "?" },
              ack: null,
            };
            return { deliveries: [lost], next: 1 };
          },
        },
      ],
    });
    const all = rawClient(mcp, operator);
    await expect.poll(async () => (await bridge.as(operator).deadLetters()).items.length).toBe(1);
    const { dead_letters: letters } = (await all.call("dead_letter_list")).value as unknown as {
      dead_letters: { dead_letter_id: string }[];
    };
    expect(letters).toMatchObject([{ reason: "kind_unknown", kind: "lost", channel: "inbox" }]);
    const named = { dead_letter_id: letters[0]?.dead_letter_id };
    expect((await all.call("dead_letter_retry", named)).value).toMatchObject({
      error: { code: "INPUT_INVALID" },
    });
    const client = rawClient(mcp, ann);
    expect((await client.call("dead_letter_list")).value).toMatchObject({ dead_letters: [] });
    expect((await client.call("dead_letter_retry", named)).value).toMatchObject({
      error: { code: "DEAD_LETTER_NOT_FOUND" },
    });
  });
});

test("the bridge is described in parts, each with what the caller may use", async () => {
  const client = await clientOf();
  const { value } = await client.call("bridge_describe");
  expect(Object.keys(value)).toEqual(["kinds", "routes", "limits", "runners"]);
  const runners = await client.call("bridge_describe", { section: "runners" });
  expect(runners.value).toMatchObject({
    runners: [
      { name: "directed", tools: null },
      { name: "agent", tools: { start: "agent", reply: "agent-reply" } },
    ],
  });
});
