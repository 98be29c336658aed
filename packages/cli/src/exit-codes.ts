import type { ErrorCode, FailureCode } from "@agent-bridge/core";

/** What the command's exit codes mean. They are part of its contract. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  noDaemon: 4,
  notFound: 5,
  timedOut: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const { failed, usage, config, noDaemon, notFound, timedOut } = exitCodes;

/** The exit code of each error. */
export const exitCodeOf = {
  INPUT_INVALID: usage,
  INPUT_TOO_LARGE: usage,
  INPUT_TOO_DEEP: usage,
  IDEMPOTENCY_CONFLICT: usage,
  TASK_EXPIRED: notFound,
  QUOTA_EXCEEDED: failed,
  TASK_NOT_FOUND: notFound,
  CONVERSATION_NOT_FOUND: notFound,
  DEAD_LETTER_NOT_FOUND: notFound,
  QUESTION_NOT_FOUND: notFound,
  QUESTION_CLOSED: notFound,
  NOT_ALLOWED: notFound,
  KIND_UNKNOWN: config,
  KIND_DUPLICATE: config,
  NAME_DUPLICATE: config,
  ROUTE_NONE: config,
  ROUTE_INVALID: config,
  RUNNER_UNKNOWN: config,
  RUNNER_UNAVAILABLE: config,
  PLUGIN_FAILED: config,
  PLUGIN_API: config,
  PLUGIN_NOT_FOUND: notFound,
  PLUGIN_INSTALL_FAILED: failed,
  CONFIG_INVALID: config,
  CURSOR_INVALID: usage,
  CURSOR_FOREIGN: usage,
  CURSOR_AHEAD: usage,
  CLAIM_LOST: failed,
  CHANNEL_ANSWER_INVALID: failed,
  CHANNEL_FAILED: failed,
  STORE_FULL: failed,
  STORE_FAILED: failed,
  STORE_CLOSED: failed,
  STORE_CORRUPT: config,
  STORE_SCHEMA_NEWER: config,
  STORE_NOT_DURABLE: config,
  STATE_LOCKED: config,
  INBOX_LOCKED: config,
  DAEMON_NOT_RUNNING: noDaemon,
  DAEMON_LOST: noDaemon,
  NODE_TOO_OLD: config,
  TIMED_OUT: timedOut,
  INTERNAL: failed,
} as const satisfies Record<ErrorCode, ExitCode>;

/** The exit code for the end of a task. A runner that can not work is the set-up's fault, not the task's. */
export const exitCodeOfFailure = {
  cancelled: failed,
  interrupted: failed,
  timeout: failed,
  runner_failed: failed,
  runner_unavailable: config,
  crash_loop: failed,
  budget: failed,
} as const satisfies Record<FailureCode, ExitCode>;
