import * as z from "zod";
import { id, idempotencyKey, name, text, waitSeconds } from "../input.ts";
import { awaitTask, outcome, outcomeShape } from "../outcome.ts";
import { asJson, defineTool, given } from "../tool.ts";
import { BridgeError, type Json } from "@agent-bridge/core";

function payloadOf({ payload, prompt }: { payload?: unknown; prompt?: string | undefined }): Json {
  if ((payload === undefined) === (prompt === undefined)) {
    const detail = "give `prompt` or `payload`, one of the two";
    throw new BridgeError("INPUT_INVALID", { what: "The request", detail });
  }
  return prompt === undefined ? asJson(payload) : { text: prompt };
}

/** Begins a task. It is durable when this has answered. */
export const taskStart = defineTool({
  name: "task_start",
  title: "Start a task",
  description:
    "Give a message to an agent. It is durable once this answers and goes on whatever becomes of you: read on with task_wait, task_events or task_get. Answers at once unless wait_seconds is given.",
  input: z.strictObject({
    prompt: text.optional().describe("The text for the agent: a message of the kind `prompt`."),
    kind: name.optional().describe("The kind of `payload`; left out: `prompt`."),
    payload: z.unknown().optional().describe("The message, by the schema of its kind."),
    runner: name
      .optional()
      .describe("The agent; left out: that of the first route that allows it."),
    conversation_id: id
      .optional()
      .describe("Goes on in this conversation, with what the agent remembers."),
    idempotency_key: idempotencyKey.optional(),
    wait_seconds: waitSeconds.default(0).describe("Waits so long for the end, at most 280."),
  }),
  output: z.object(outcomeShape),
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  mayBeTask: true,
  forRuns: true,
  call: async (call, input) => {
    const { task, created } = await call.handle.start({
      payload: payloadOf(input),
      ...given({
        kind: input.kind,
        runner: input.runner,
        conversationId: input.conversation_id,
        idempotencyKey: input.idempotency_key,
      }),
    });
    const waited = await awaitTask(call, task, input.wait_seconds);
    return { ...outcome(waited, { created }), began: task };
  },
});
