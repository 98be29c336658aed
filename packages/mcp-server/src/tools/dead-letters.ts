import type { JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { countThatFits, cutText } from "../fit.ts";
import { cursor, id, pageLimit } from "../input.ts";
import { defineTool } from "../tool.ts";
import { objectToWire } from "../wire.ts";

/** How much of a message stands in the list. */
const messageBytes = 1024;
const aroundBytes = 512;

const deadLetterSchema = z.object({
  dead_letter_id: z.string(),
  reason: z.string(),
  detail: z.string(),
  kind: z.string().nullable(),
  channel: z.string().nullable(),
  workspace: z.string(),
  task_id: z.string().nullable(),
  at: z.string(),
  bytes: z.int(),
  message: z.string(),
});

/** Messages that could not be handled, replies that could not be delivered: the operator's to see. */
export const deadLetterList = defineTool({
  name: "dead_letter_list",
  title: "List dead letters",
  description:
    "Messages that could not be handled and replies that could not be delivered, newest first, with the reason. The operator's: others see none.",
  input: z.strictObject({
    cursor: cursor.optional().describe("next_cursor of the page before."),
    limit: pageLimit.default(10),
  }),
  output: z.object({
    dead_letters: z.array(deadLetterSchema),
    next_cursor: z.string().nullable(),
  }),
  annotations: { readOnlyHint: true },
  forRuns: false,
  call: async ({ handle, answerBytes }, { cursor: after = null, limit }) => {
    const read = async (count: number): Promise<{ letters: JsonObject[]; next: string | null }> => {
      const { items, next } = await handle.deadLetters({ limit: count, after });
      const letters = items.map(({ id: deadLetterId, payload, ...letter }) => {
        const { reason, detail, kind, channel, workspace, taskId, at, bytes } = letter;
        const message = cutText(payload, messageBytes);
        const fields = { deadLetterId, reason, detail: cutText(detail, messageBytes) };
        const rest = { kind, channel, workspace, taskId, at, bytes, message };
        return objectToWire({ ...fields, ...rest });
      });
      return { letters, next };
    };
    let page = await read(limit);
    const fits = countThatFits(page.letters, answerBytes - aroundBytes);
    if (fits < page.letters.length) page = await read(fits);
    return { value: { dead_letters: page.letters, next_cursor: page.next } };
  },
});

export const deadLetterRetry = defineTool({
  name: "dead_letter_retry",
  title: "Retry a dead letter",
  description:
    "Take up a dead letter again: its reply is sent, or its message accepted by the kinds and routes of now.",
  input: z.strictObject({ dead_letter_id: id }),
  output: z.object({ task_id: z.string().nullable() }),
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  forRuns: false,
  call: async ({ handle }, { dead_letter_id: deadLetterId }) => {
    const { taskId } = await handle.retryDeadLetter(deadLetterId);
    return { value: { task_id: taskId } };
  },
});
