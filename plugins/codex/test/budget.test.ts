import { afterAll, expect, test } from "vitest";
import { createBridge, type Handle, type Task } from "@agent-bridge/core";
import { processesWith } from "@agent-bridge/testing/runner-conformance";
import { realCodex } from "./real-codex.ts";

const codex = await realCodex({ retries: 1 });
afterAll(() => codex[Symbol.asyncDispose]());

async function ended(handle: Handle, text: string): Promise<Task> {
  const { task } = await handle.start({ payload: { text } });
  for await (const _ of handle.attach({ taskId: task.id })) continue;
  return await handle.task(task.id);
}

test("a turn of the real Codex that goes beyond its tokens is ended in the middle, and the next is refused", async () => {
  await using bridge = createBridge({
    runners: [codex.runner()],
    routes: [
      {
        kind: "prompt",
        from: "*",
        runner: "codex",
        budget: { per: "route", windowHours: 24, tokens: 200 },
      },
    ],
  });
  await bridge.start();
  const me = bridge.as({ type: "operator" });
  // The stub model counts 120 tokens for each of its answers.
  const first = await ended(me, "[[shell true]] [[shell true]] [[shell sleep 600]]");
  expect(first).toMatchObject({
    status: "failed",
    error: { code: "budget", message: expect.stringContaining("200 tokens in 24 h") },
    usage: { inputTokens: 200, outputTokens: 40 },
  });
  expect(await processesWith(first.id)).toEqual([]);
  expect(await ended(me, "more")).toMatchObject({
    attempt: 1,
    error: { code: "budget" },
    usage: null,
  });
});
