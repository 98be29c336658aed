import { describeError, type RunnerEnd } from "@agent-bridge/core";
import { APICallError } from "ai";

/** The longest text of an endpoint that is told. */
const maxCharacters = 2_000;

/** The end of a turn that failed. */
export function failed(message: string, retryable = false): RunnerEnd {
  return { type: "end", outcome: "failed", message: message.slice(0, maxCharacters), retryable };
}

/** The end of a turn whose model failed. `hasActed`: running it again would do things twice. */
export function failedModel(error: unknown, hasActed: boolean): RunnerEnd {
  const cause = lastCause(error);
  if (!APICallError.isInstance(cause)) {
    // A stream that breaks off, or no connection: the same turn may succeed later.
    return failed(`The model's answer broke off: ${describeError(cause)}`, !hasActed);
  }
  const { statusCode, message, isRetryable } = cause;
  const status = statusCode === undefined ? "" : ` with ${statusCode}`;
  const advice = advices[statusCode ?? 0] ?? "";
  return failed(
    `The model's endpoint failed${status}: ${message}${advice}`,
    isRetryable && !hasActed,
  );
}

/** What mends the usual refusals. */
const advices: Readonly<Record<number, string>> = {
  401: ". Check `apiKey` in the plugin's options.",
  403: ". Check `apiKey` in the plugin's options.",
  404: ". Check `baseUrl` and `model` in the plugin's options.",
};

/** What the last of several tries failed with. */
function lastCause(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return error;
  const { lastError } = error as { readonly lastError?: unknown };
  return lastError === undefined ? error : lastError;
}
