import { BridgeError } from "@agent-bridge/core";
import type { ChannelFailure } from "@agent-bridge/core";

/** What of a failure decides whether it is tried again. */
export type Verdict = Pick<ChannelFailure, "effect" | "retryable">;

/** A request that the platform refused, and would refuse again. */
const refused: Verdict = { effect: "none", retryable: false };
/** A request that was not carried out now, and may be later. */
const later: Verdict = { effect: "none", retryable: true };
/** A request that may have been carried out. */
const unknown: Verdict = { effect: "unknown", retryable: true };

/** The statuses that differ from their class. */
const statusVerdicts: Readonly<Record<number, Verdict>> = {
  // A new token may be in its file before the next try.
  401: later,
  408: later,
  409: later,
  425: later,
  429: later,
};

/** Redirects are not followed: they would take the token along. */
const classVerdicts: Readonly<Record<number, Verdict>> = { 3: refused, 4: refused, 5: unknown };

/** What an HTTP status says of a request. One that HTTP does not know says nothing. */
export function statusVerdict(status: number): Verdict {
  return statusVerdicts[status] ?? classVerdicts[Math.floor(status / 100)] ?? unknown;
}

/** What the texts mean in which the platform's tools tell a failure. The first that matches counts. */
const textVerdicts: readonly (readonly [RegExp, Verdict])[] = [
  [/talk_to_user|not allowed|not permitted|\bis required\b|cannot delegate/i, refused],
  [/connection refused|name resolution|no such host/i, later],
  [/timed? ?out|disconnect|connection|reset by|closed|^error sending/i, unknown],
  // The peer may have begun before it failed.
  [/^delegation failed/i, unknown],
];

/** What a failure text of the platform says: by the status that it names, else by its words. */
export function textVerdict(text: string): Verdict {
  const status = /\b(?:returned|HTTP|status)\s+([345]\d\d)\b/i.exec(text)?.[1];
  if (status !== undefined) return statusVerdict(Number(status));
  return textVerdicts.find(([pattern]) => pattern.test(text))?.[1] ?? later;
}

/** The system calls and codes that fail before a byte of the request is on its way. */
const beforeSending: ReadonlySet<string> = new Set([
  "connect",
  "getaddrinfo",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What a failed connection says: `none` only if every address failed before anything was sent. */
export function networkVerdict(thrown: unknown): Verdict {
  const errors = rootErrors(thrown);
  const isBefore = errors.every(
    ({ syscall, code }) => beforeSending.has(syscall ?? "") || beforeSending.has(code ?? ""),
  );
  return errors.length > 0 && isBefore ? later : unknown;
}

/** The code of a failed connection, for people; its message may quote what was sent. */
export function networkDetail(thrown: unknown): string {
  const codes = rootErrors(thrown).flatMap(({ code }) => code ?? []);
  return codes.length > 0 ? [...new Set(codes)].join(", ") : "the connection failed";
}

/** The text by which an answer tells a failure; null when it tells none. */
export function failureText(answer: unknown, pattern: RegExp): string | null {
  if (typeof answer === "string") {
    const text = answer.trim();
    if (text.startsWith("{")) return failureText(parsedObject(text), pattern);
    return pattern.test(text) ? text : null;
  }
  if (typeof answer !== "object" || answer === null) return null;
  const { error } = answer as { readonly error?: unknown };
  if (error === undefined || error === null || error === false) return null;
  if (typeof error === "string") return error;
  const { message } = error as { readonly message?: unknown };
  return typeof message === "string" ? message : "it names no reason";
}

/** The longest text of the platform that is quoted in an error, in characters. */
const quotedLength = 300;

/** A text of the platform as one short line. */
export function quoted(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line.length > quotedLength ? `${line.slice(0, quotedLength)}…` : line;
}

/** The error of a channel's operation. */
export function channelFailed(failure: ChannelFailure, cause?: unknown): BridgeError {
  return new BridgeError("CHANNEL_FAILED", failure, cause === undefined ? {} : { cause });
}

interface SystemError {
  readonly code?: string;
  readonly syscall?: string;
}

/** The errors at the end of the causes: several when every address of a host was tried. */
function rootErrors(thrown: unknown): readonly SystemError[] {
  if (!(thrown instanceof Error)) return [];
  if (thrown instanceof AggregateError) return thrown.errors.flatMap(rootErrors);
  if (thrown.cause !== undefined) return rootErrors(thrown.cause);
  return [thrown as SystemError];
}

function parsedObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A text that only looks like JSON is a text, and tells no failure.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
