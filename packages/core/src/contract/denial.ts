import { isBridgeError, type BridgeError, type ErrorCode } from "./errors.ts";

/** Codes by which a principal is kept from what is not theirs. */
const denials = [
  "TASK_NOT_FOUND",
  "CONVERSATION_NOT_FOUND",
  "DEAD_LETTER_NOT_FOUND",
  "QUESTION_NOT_FOUND",
  "NOT_ALLOWED",
  "ROUTE_NONE",
] as const satisfies readonly ErrorCode[];

/** True for a refusal that keeps a principal from something: whoever answers with it leaves one line in the log. */
export function isDenial(error: unknown): error is BridgeError<(typeof denials)[number]> {
  return isBridgeError(error, ...denials);
}
