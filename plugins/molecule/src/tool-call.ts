import { describeError } from "@agent-bridge/core";
import type { ChannelFailure, Clock } from "@agent-bridge/core";
import { channelFailed, failureText, quoted, textVerdict } from "./failure.ts";
import { toolFacts } from "./tools.ts";
import type { MoleculeTools } from "./tools.ts";

/** What a tool may be given besides its arguments. One that takes no notice of it is left behind when it aborts. */
export interface ToolCallOptions {
  readonly signal?: AbortSignal;
}

/** The answer of a tool: a text, most often JSON, or what was parsed from it. */
export type ToolAnswer = string | object | null | undefined;

/** One call of a tool. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** How long the tool was asked to wait before it answers, in milliseconds. */
  readonly waitMs: number;
  run(options: ToolCallOptions): Promise<ToolAnswer>;
}

/**
 * Calls a tool and gives it up at its time limit or when the signal aborts, whether or not it takes notice.
 *
 * @throws BridgeError CHANNEL_FAILED when it throws, takes too long, was aborted, or tells a failure
 * @throws the signal's reason when a `receive` was aborted
 */
export type CallTool = (tool: keyof MoleculeTools, call: ToolCall) => Promise<ToolAnswer>;

/** Makes the caller of a channel's tools. */
export function toolCaller(channel: string, clock: Clock): CallTool {
  return async (tool, call) => {
    const { operation, failure, limitMs } = toolFacts[tool];
    const fail = (detail: string, verdict: Pick<ChannelFailure, "effect" | "retryable">): Error =>
      channelFailed({ channel, operation, detail: `${tool}: ${detail}`, ...verdict });
    const outcome = await finish(call, clock, call.waitMs + limitMs);
    if (outcome.type === "answered") {
      const text = failureText(outcome.answer, failure);
      if (text !== null) throw fail(quoted(text), textVerdict(text));
      return outcome.answer;
    }
    if (outcome.type === "aborted" && operation === "receive") throw call.signal.reason;
    throw fail(outcome.detail, { effect: outcome.effect, retryable: true });
  };
}

type Outcome =
  | { readonly type: "answered"; readonly answer: ToolAnswer }
  | {
      readonly type: "threw" | "timed_out" | "aborted";
      readonly detail: string;
      readonly effect: ChannelFailure["effect"];
    };

async function finish(call: ToolCall, clock: Clock, limitMs: number): Promise<Outcome> {
  const aborted = { type: "aborted", detail: "it was aborted" } as const;
  if (call.signal.aborted) return { ...aborted, effect: "none" };
  const limit = new AbortController();
  const timer = clock.timer(limitMs, () => {
    limit.abort();
  });
  const signal = AbortSignal.any([call.signal, limit.signal]);
  const givenUp = Promise.withResolvers<never>();
  const giveUp = (): void => {
    givenUp.reject(new Error("given up"));
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const answer = await Promise.race([call.run({ signal }), givenUp.promise]);
    return { type: "answered", answer };
  } catch (error) {
    const effect = "unknown";
    if (call.signal.aborted) return { ...aborted, effect };
    if (limit.signal.aborted) return { type: "timed_out", detail: "no answer in time", effect };
    return { type: "threw", detail: quoted(describeError(error)), effect };
  } finally {
    signal.removeEventListener("abort", giveUp);
    timer.stop();
  }
}
