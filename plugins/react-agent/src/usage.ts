import type { Usage } from "@agent-bridge/core";
import type { LanguageModelUsage } from "ai";

/** The tokens of a turn that has called no model yet. */
export const noUsage: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

/** The tokens so far and those of one more call of the model. What an endpoint does not tell counts as none. */
export function addUsage(total: Usage, call: LanguageModelUsage): Usage {
  const { inputTokens, outputTokens, inputTokenDetails, outputTokenDetails } = call;
  return {
    inputTokens: total.inputTokens + (inputTokens ?? 0),
    cachedInputTokens: total.cachedInputTokens + (inputTokenDetails.cacheReadTokens ?? 0),
    outputTokens: total.outputTokens + (outputTokens ?? 0),
    reasoningTokens: total.reasoningTokens + (outputTokenDetails.reasoningTokens ?? 0),
  };
}
