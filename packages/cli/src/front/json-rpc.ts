import { BridgeError, isBridgeError, describeError } from "@agent-bridge/core/errors";

/** What a front looks at of a JSON-RPC message. The rest goes through as it is: the daemon checks it. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
}

/** A call that waits for its answer. */
export interface OpenCall {
  readonly id: string | number;
  readonly method: string;
}

const parseError = -32_700;
const internalError = -32_603;

/** The messages of a line; none where it is no JSON, which the daemon answers. */
export function messagesOf(line: Buffer): readonly Message[] {
  try {
    const data: unknown = JSON.parse(line.toString("utf8"));
    return (Array.isArray(data) ? data : [data]).filter(
      (item): item is Message => typeof item === "object" && item !== null,
    );
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** The call that a message is; undefined for a notification and an answer. */
export function callOf({ id, method }: Message): OpenCall | undefined {
  const isCall = (typeof id === "string" || typeof id === "number") && typeof method === "string";
  return isCall ? { id, method } : undefined;
}

/** The id that a message answers; undefined for a call and a notification. */
export function answeredBy({ id, method }: Message): string | number | undefined {
  const isAnswer = (typeof id === "string" || typeof id === "number") && method === undefined;
  return isAnswer ? id : undefined;
}

/** Tells ids apart: 1 and "1" are two. */
export function keyOf(id: string | number): string {
  return JSON.stringify(id);
}

/** The answer to a line that is too long to be read. */
export function tooLong(bytes: number, limitBytes: number): object {
  const { message } = new BridgeError("INPUT_TOO_LARGE", {
    what: "The message",
    bytes,
    limitBytes,
  });
  return { jsonrpc: "2.0", id: null, error: { code: parseError, message } };
}

/**
 * The answer to a call that could not be made, or whose answer was lost. Of a tool it is a result, as all
 * refusals of the bridge are.
 *
 * @param isStateless whether the client speaks the protocol without a handshake, whose results say what they are
 */
export function failed(call: OpenCall, thrown: unknown, isStateless: boolean): object {
  const error = failureOf(thrown);
  const answer = { jsonrpc: "2.0", id: call.id };
  if (call.method !== "tools/call") {
    return { ...answer, error: { code: internalError, message: error.message, data: { error } } };
  }
  const result = {
    ...(isStateless ? { resultType: "complete" } : {}),
    content: [{ type: "text", text: JSON.stringify({ error }) }],
    structuredContent: { error },
    isError: true,
  };
  return { ...answer, result };
}

/** What a refusal looks like, as in the answers of the daemon's own tools. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint: string;
}

function failureOf(thrown: unknown): Failure {
  const { code, message, retryable } = isBridgeError(thrown)
    ? thrown
    : new BridgeError("INTERNAL", { detail: describeError(thrown) });
  const hint = retryable
    ? "Ask again: what was accepted goes on, and the same idempotency_key finds its task."
    : "Only the bridge's operator can mend it.";
  return { code, message, retryable, hint };
}
