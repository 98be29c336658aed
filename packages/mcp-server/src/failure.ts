import { BridgeError, isBridgeError, type ErrorCode } from "@agent-bridge/core";
import * as z from "zod";
import { cutText } from "./fit.ts";
import { objectToWire } from "./wire.ts";

/** What every refusal looks like. */
export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean().describe("True where the same call may succeed later."),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

export type Failure = z.output<typeof failureSchema>;

const readFromTheBeginning = "Leave `after` out to read from the beginning.";

/** What a client can do next, by code. */
const hints: Partial<Readonly<Record<ErrorCode, string>>> = {
  INPUT_INVALID:
    "Correct the arguments: the tool's input schema and bridge_describe tell what is taken.",
  INPUT_TOO_LARGE: "Send less, or a reference to it.",
  INPUT_TOO_DEEP: "Flatten the data.",
  IDEMPOTENCY_CONFLICT: "Use a new idempotency_key for a new request.",
  TASK_EXPIRED: "Use a new idempotency_key for a new request.",
  QUOTA_EXCEEDED: "Wait for tasks with task_wait, or end some with task_cancel.",
  TASK_NOT_FOUND: "task_list shows your tasks. task_resume wants their conversation_id as well.",
  CONVERSATION_NOT_FOUND: "task_list shows your tasks with their conversation_id.",
  DEAD_LETTER_NOT_FOUND: "dead_letter_list shows those that are yours to see.",
  QUESTION_NOT_FOUND: "task_get shows the open input requests of a task.",
  QUESTION_CLOSED: "task_get shows where the task stands now.",
  NOT_ALLOWED: "bridge_describe shows what you may use.",
  KIND_UNKNOWN: "bridge_describe with section `kinds` shows the kinds.",
  ROUTE_NONE: "bridge_describe with section `routes` shows what you may send to whom.",
  RUNNER_UNKNOWN: "bridge_describe with section `runners` shows the runners.",
  CURSOR_INVALID: readFromTheBeginning,
  CURSOR_FOREIGN: readFromTheBeginning,
  CURSOR_AHEAD: readFromTheBeginning,
};

function hintOf(code: ErrorCode, retryable: boolean): string {
  const otherwise = retryable
    ? "Ask again a little later."
    : "Only the bridge's operator can mend it.";
  return hints[code] ?? otherwise;
}

const messageBytes = 2048;

/** A refusal as a client sees it. What is no refusal is a fault of ours: nothing but the code is told of it. */
export function failureOf(thrown: unknown): Failure {
  const { code, message, retryable, data } = isBridgeError(thrown)
    ? thrown
    : new BridgeError("INTERNAL", { detail: "the bridge's log tells more" });
  const details = objectToWire(data);
  return {
    code,
    message: cutText(message, messageBytes),
    retryable,
    hint: hintOf(code, retryable),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}
