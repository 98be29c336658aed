import type { RunnerEnd } from "@agent-bridge/core";
import { describeOutcome, type ProcessOutcome } from "@agent-bridge/process";
import * as z from "zod";
import type { TurnError } from "./protocol.ts";

/** Codex's words for failures of which the same turn may succeed later. */
const retryableErrors: ReadonlySet<string> = new Set([
  "usageLimitExceeded",
  "rateLimitExceeded",
  "flexUnavailable",
  "serverOverloaded",
  "policyCapacityUnavailable",
  "internalServerError",
  "httpConnectionFailed",
  "responseStreamConnectionFailed",
  "responseStreamDisconnected",
  "responseTooManyFailedAttempts",
]);

/** How Codex says that a thread is not there, or can not be read, any more. */
const goneThread = /no rollout found for thread id|failed to read thread|thread not found/i;
/** How Codex says that another process has the thread open. */
const busyThread = /already has an active writer/i;

/** The end of a turn that failed. */
export function failed(
  message: string,
  rest: { readonly exitCode?: number; readonly retryable?: boolean } = {},
): RunnerEnd {
  return { type: "end", outcome: "failed", message, ...rest };
}

/** The end of a turn whose thread could not be started or gone on with. */
export function failedThread(message: string, isResumed: boolean): RunnerEnd {
  if (isResumed && goneThread.test(message)) {
    return { type: "end", outcome: "session_gone", message };
  }
  return failed(`Codex did not open a session: ${message}`, {
    retryable: busyThread.test(message),
  });
}

/** The end of a turn that Codex reports as failed. `hasActed`: running it again would do things twice. */
export function failedTurn(error: TurnError | null | undefined, hasActed: boolean): RunnerEnd {
  if (error === null || error === undefined) return failed("Codex failed without saying why.");
  const { codexErrorInfo: info } = error;
  const word = typeof info === "string" ? info : Object.keys(info ?? {})[0];
  const retryable = !hasActed && word !== undefined && retryableErrors.has(word);
  return failed(textOf(error), { retryable });
}

const wrappedError = z.object({ error: z.object({ message: z.string().min(1) }) });

/** An error in one text; some are a server's JSON answer, of which the message is enough. */
export function textOf({ message, additionalDetails }: TurnError): string {
  const text = unwrap(message);
  return additionalDetails ? `${text} (${additionalDetails})` : text;
}

function unwrap(message: string): string {
  try {
    return wrappedError.safeParse(JSON.parse(message)).data?.error.message ?? message;
  } catch (error) {
    if (error instanceof SyntaxError) return message;
    throw error;
  }
}

/** The end of a turn whose process ended before it. */
export function failedProcess(outcome: ProcessOutcome, stderrTail: string): RunnerEnd {
  const reason = reasonIn(stderrTail);
  // The exit code is data: the bridge puts it behind the text.
  const how = outcome.type === "exited" ? undefined : describeOutcome(outcome);
  const texts = ["Codex ended without a result.", how, reason];
  const message = texts.filter((text) => text !== undefined).join(" ");
  const exitCode = "exitCode" in outcome ? outcome.exitCode : null;
  return failed(message, exitCode === null ? {} : { exitCode });
}

const longestReason = 2_000;

/** The line of stderr that says why: the first `Error:`, else the last one with text. */
function reasonIn(stderrTail: string): string | undefined {
  const lines = stderrTail.split("\n").map((line) => line.trim());
  const reason = lines.find((line) => line.startsWith("Error:")) ?? lines.findLast((line) => line);
  return reason?.slice(0, longestReason);
}
