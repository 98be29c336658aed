import type { ChannelFailure, Clock } from "@agent-bridge/core";
import { channelFailed, quoted } from "./failure.ts";

/** What a tool may be given besides its arguments. One that takes no notice of it is left behind when it aborts. */
export interface ToolCallOptions {
  readonly signal?: AbortSignal;
}

/** The answer of a tool: a text, most often JSON, or what was parsed from it. */
export type ToolAnswer = string | object | null | undefined;

/** One call of a tool. */
export interface ToolCall {
  readonly channel: string;
  readonly operation: ChannelFailure["operation"];
  /** How long the answer may take, in milliseconds. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  call(options: ToolCallOptions): Promise<ToolAnswer>;
}

const timedOut = Symbol("timed out");

/**
 * Calls a tool and gives it up at the time limit or when the signal aborts, whether or not it takes notice.
 *
 * @throws BridgeError CHANNEL_FAILED when it throws, takes too long, or was aborted
 * @throws the signal's reason when a `receive` was aborted
 */
export async function callTool(options: ToolCall): Promise<ToolAnswer> {
  const { operation, channel, signal } = options;
  const fail = (detail: string, effect: ChannelFailure["effect"]): Error =>
    channelFailed({ channel, operation, detail, effect, retryable: true });
  const isPoll = operation === "receive";
  if (signal.aborted) throw isPoll ? signal.reason : fail("it was aborted", "none");

  const limit = new AbortController();
  const timer = options.clock.timer(options.limitMs, () => {
    limit.abort(timedOut);
  });
  const either = AbortSignal.any([signal, limit.signal]);
  const givenUp = Promise.withResolvers<never>();
  const giveUp = (): void => {
    givenUp.reject(either.reason);
  };
  either.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([options.call({ signal: either }), givenUp.promise]);
  } catch (error) {
    if (limit.signal.aborted)
      throw fail(`no answer within ${options.limitMs / 1_000} s`, "unknown");
    if (signal.aborted) throw isPoll ? signal.reason : fail("it was aborted", "unknown");
    throw fail(quoted(error instanceof Error ? error.message : String(error)), "unknown");
  } finally {
    either.removeEventListener("abort", giveUp);
    timer.stop();
  }
}
