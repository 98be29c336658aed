import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import type { ReactOptions } from "./plugin-options.ts";

/** The model of a turn. @param name instead of the plugin's own */
export function modelOf(options: ReactOptions, name: string | undefined): LanguageModel {
  const { baseUrl, apiKey, headers, model } = options;
  return createOpenAICompatible({
    name: "model",
    baseURL: baseUrl.replace(/\/+$/, ""),
    ...(apiKey === undefined ? {} : { apiKey }),
    headers,
    includeUsage: true,
  }).chatModel(name ?? model);
}
