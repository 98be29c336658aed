/**
 * The one table of errors: code, data and text.
 *
 * Codes are part of the contract: they never change their meaning. Branch on the code; the text is
 * for people and says what happened, what is known instead, and what mends it where that is certain.
 */
const texts = {
  // What a caller gave.
  INPUT_INVALID: (d: { what: string; detail: string }) => `${d.what} is not valid: ${d.detail}`,
  INPUT_TOO_LARGE: (d: { what: string; bytes: number; limitBytes: number }) =>
    `${d.what} has ${d.bytes} bytes; at most ${d.limitBytes} are taken. Send less, or a reference to it.`,
  INPUT_TOO_DEEP: (d: { what: string; limitDepth: number }) =>
    `${d.what} is nested deeper than ${d.limitDepth} levels. Flatten it.`,
  IDEMPOTENCY_CONFLICT: (d: { key: string; taskId: string }) =>
    `The idempotency key "${d.key}" already belongs to task ${d.taskId}, which was asked for something else. Use a new key for a new request.`,
  TASK_EXPIRED: (d: { key: string }) =>
    `The key "${d.key}" belongs to a task that retention has removed. It is not run again; use a new key for a new request.`,
  /** `retryAfterMs`: when to try again, where that is known. */
  QUOTA_EXCEEDED: (d: { what: string; limit: number; retryAfterMs?: number }) =>
    `The limit of ${d.limit} ${d.what} is reached. ${
      d.retryAfterMs === undefined
        ? "Wait until some have ended, or cancel some."
        : `Try again in ${Math.ceil(d.retryAfterMs / 1000)} s.`
    }`,

  // What does not exist, or is not the caller's: the two look alike.
  TASK_NOT_FOUND: (d: { taskId: string }) =>
    `There is no task ${d.taskId} here for you. \`agent-bridge task list\` shows yours.`,
  CONVERSATION_NOT_FOUND: (d: { conversationId: string }) =>
    `There is no conversation ${d.conversationId} here for you. \`agent-bridge conversation list\` shows yours.`,
  DEAD_LETTER_NOT_FOUND: (d: { deadLetterId: string }) =>
    `There is no dead letter ${d.deadLetterId} here for you.`,
  QUESTION_NOT_FOUND: (d: { questionId: string }) =>
    `There is no question ${d.questionId} here for you.`,
  QUESTION_CLOSED: (d: { questionId: string; state: string }) =>
    `The question ${d.questionId} is no longer open (${d.state}). The answer was not used.`,
  NOT_ALLOWED: (d: { what: string }) => `${d.what} is not allowed here.`,

  // Kinds, routes, runners, plugins, configuration.
  KIND_UNKNOWN: (d: { kind: string; known: readonly string[] }) =>
    `No plugin declares the kind "${d.kind}". Known kinds: ${d.known.join(", ") || "none"}.`,
  KIND_DUPLICATE: (d: { kind: string; first: string; second: string }) =>
    `The kind "${d.kind}" is declared by ${d.first} and again by ${d.second}. Remove one of the two plugins.`,
  NAME_DUPLICATE: (d: { what: string; name: string; owners?: readonly string[] }) =>
    `There are two ${d.what} named "${d.name}"${d.owners === undefined ? "" : ` (of ${d.owners.join(" and ")})`}. Rename one.`,
  ROUTE_NONE: (d: { kind: string; sender: string; runner: string | null }) =>
    `No route allows the kind "${d.kind}" from "${d.sender}"${d.runner === null ? "" : ` to the runner "${d.runner}"`}. Add one to \`routes\` in the configuration.`,
  ROUTE_INVALID: (d: { index: number; detail: string }) =>
    `Route ${d.index + 1} is not valid: ${d.detail}`,
  RUNNER_UNKNOWN: (d: { runner: string; known: readonly string[] }) =>
    `There is no runner "${d.runner}". Known runners: ${d.known.join(", ") || "none"}.`,
  RUNNER_UNAVAILABLE: (d: { runner: string; detail: string }) =>
    `The runner "${d.runner}" can not work: ${d.detail}`,
  PLUGIN_FAILED: (d: { plugin: string; detail: string }) =>
    `The plugin "${d.plugin}" failed: ${d.detail}`,
  PLUGIN_API: (d: { plugin: string; wanted: string; offered: string }) =>
    `The plugin "${d.plugin}" asks for API ${d.wanted}; this host offers ${d.offered}. Install a version of the plugin made for it.`,
  PLUGIN_NOT_FOUND: (d: { plugin: string; detail: string }) =>
    `There is no plugin "${d.plugin}": ${d.detail}`,
  PLUGIN_INSTALL_FAILED: (d: { plugin: string; detail: string }) =>
    `The plugin "${d.plugin}" could not be installed: ${d.detail}`,
  CONFIG_INVALID: (d: { file: string; detail: string }) => `${d.file} is not valid: ${d.detail}`,

  // Cursors.
  CURSOR_INVALID: (d: { cursor: string }) =>
    `"${d.cursor}" is not a cursor. Use one that an earlier answer gave, or none to read from the beginning.`,
  CURSOR_FOREIGN: (d: { cursor: string }) =>
    `The cursor "${d.cursor}" is of another store. Read from the beginning of this one.`,
  CURSOR_AHEAD: (d: { cursor: string; head: string }) =>
    `The cursor "${d.cursor}" is ahead of the log, whose head is "${d.head}". The store was restored from an older copy, or the cursor was made up.`,

  // Work.
  CLAIM_LOST: (d: { taskId: string; attempt: number }) =>
    `Attempt ${d.attempt} of task ${d.taskId} no longer owns it. Nothing that it writes is kept.`,
  CHANNEL_ANSWER_INVALID: (d: { channel: string; detail: string }) =>
    `The channel "${d.channel}" received an answer that is no delivery: ${d.detail}`,
  CHANNEL_FAILED: (d: ChannelFailure) => `${d.channel}: ${d.operation} failed: ${d.detail}`,

  // The store.
  STORE_FULL: (d: { detail: string }) =>
    `The store is full (${d.detail}). New work is refused and nothing accepted is lost. Free space, or raise the limit.`,
  STORE_FAILED: (d: { detail: string }) => `The store failed: ${d.detail}`,
  STORE_CLOSED: () => "The store is closed.",
  STORE_CORRUPT: (d: { path: string; detail: string }) =>
    `${d.path} is not a usable database (${d.detail}). It was left as it is. Restore it from a copy, or move it away to start empty.`,
  STORE_SCHEMA_NEWER: (d: { path: string; found: number; known: number }) =>
    `${d.path} has schema ${d.found}; this version knows up to ${d.known}. Install the newer agent-bridge again.`,
  STORE_NOT_DURABLE: () =>
    "No durable store is configured, so accepted work would be lost with the process. Configure one, or pass --ephemeral to accept that.",

  // The daemon.
  STATE_LOCKED: (d: { folder: string; holder: string }) =>
    `The state folder ${d.folder} is in use by ${d.holder}. Stop that one (\`agent-bridge down\`), or set AGENT_BRIDGE_HOME to another folder.`,
  INBOX_LOCKED: (d: { inbox: string; holder: string }) =>
    `The inbox ${d.inbox} is already polled by ${d.holder}. One poller serves an inbox.`,
  DAEMON_NOT_RUNNING: (d: { folder: string }) =>
    `No daemon runs on ${d.folder}. \`agent-bridge up\` starts one.`,
  DAEMON_LOST: (d: { detail: string }) =>
    `The connection to the daemon was lost: ${d.detail}. Accepted work goes on; ask again.`,
  NODE_TOO_OLD: (d: { found: string; wanted: string }) =>
    `agent-bridge needs Node ${d.wanted}; this is ${d.found}.`,
  TIMED_OUT: (d: { what: string; afterMs: number }) =>
    `${d.what} did not happen within ${d.afterMs} ms.`,
  INTERNAL: (d: { detail: string }) => `Something is wrong in agent-bridge itself: ${d.detail}`,
} as const;

/** What a channel's failed operation was, and what is known of its effect. */
export interface ChannelFailure {
  readonly channel: string;
  readonly operation: "receive" | "send" | "ack" | "register" | "heartbeat";
  readonly detail: string;
  /**
   * `none`: the platform surely did not do it (no connection, a refusal), a repeat is safe.
   * `unknown`: the request may have been carried out (time-out, closed connection, 5xx).
   */
  readonly effect: "none" | "unknown";
  /** False where trying again can not help (the platform refuses this reply for good). */
  readonly retryable: boolean;
}

type Texts = typeof texts;

/** A code of the error table. */
export type ErrorCode = keyof Texts;

/** The typed data of each code. */
export type ErrorData<C extends ErrorCode> =
  Parameters<Texts[C]> extends [infer D] ? D : Record<string, never>;

/** Every code, in the order of the table. */
export const errorCodes = Object.keys(texts) as readonly ErrorCode[];

const retryableCodes: ReadonlySet<ErrorCode> = new Set([
  "QUOTA_EXCEEDED",
  "RUNNER_UNAVAILABLE",
  "PLUGIN_INSTALL_FAILED",
  "STORE_FULL",
  "STORE_FAILED",
  "STORE_CLOSED",
  "DAEMON_NOT_RUNNING",
  "DAEMON_LOST",
  "TIMED_OUT",
]);

/** An expected refusal or an outside failure. A bug throws `TypeError` instead. */
export class BridgeError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "BridgeError";
  readonly code: C;
  readonly data: ErrorData<C>;

  constructor(code: C, data: ErrorData<C>, options?: { cause?: unknown }) {
    super((texts[code] as (d: ErrorData<C>) => string)(data), options);
    this.code = code;
    this.data = data;
  }

  /** True where the same call may succeed later without being changed. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}

/** Recognises an error of the table by its code, also one made by another copy of this package. */
export function isBridgeError<C extends ErrorCode = ErrorCode>(
  value: unknown,
  ...codes: readonly C[]
): value is BridgeError<C> {
  if (!(value instanceof Error) || value.name !== "BridgeError") return false;
  const { code } = value as { code?: unknown };
  if (typeof code !== "string" || !Object.hasOwn(texts, code)) return false;
  return codes.length === 0 || (codes as readonly string[]).includes(code);
}

/** The text of anything that was thrown, with its causes, in one line. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : ` (${describeError(thrown.cause)})`;
  return `${thrown.message || thrown.name}${isBridgeError(thrown) ? "" : cause}`;
}
