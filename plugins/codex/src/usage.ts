import type { JsonObject, Usage } from "@agent-bridge/core";
import * as z from "zod";
import type { ThreadTokens } from "./protocol.ts";

const none: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

const stateSchema = z.object({
  total: z.object({
    inputTokens: z.number(),
    cachedInputTokens: z.number(),
    outputTokens: z.number(),
    reasoningTokens: z.number(),
  }),
});

/** Turns the tokens of a whole thread, as Codex counts them, into those of this turn. */
export class TurnUsage {
  #before: Usage | undefined;
  #total: Usage;

  /** @param state what the session's state kept of the turns before; nothing for a new session */
  constructor(state: JsonObject | undefined) {
    const total = stateSchema.safeParse(state).data?.total;
    this.#before = state === undefined ? none : total;
    this.#total = total ?? none;
  }

  /** What the session's state keeps. */
  get state(): JsonObject {
    return { total: { ...this.#total } };
  }

  /**
   * Takes a count that Codex repeats from before this turn: the base where the state has none (a session that was
   * made elsewhere).
   */
  earlier(tokens: ThreadTokens): void {
    this.#before ??= usageOf(tokens);
  }

  /** @returns this turn's tokens so far; `undefined` where nothing has changed */
  count(tokens: ThreadTokens): Usage | undefined {
    const total = usageOf(tokens);
    if (keys.every((key) => total[key] === this.#total[key])) return undefined;
    this.#total = total;
    const before = (this.#before ??= none);
    // Codex may forget what it counted (a thread whose history was cut): never less than nothing.
    const since = (key: keyof Usage): number => Math.max(0, total[key] - before[key]);
    return {
      inputTokens: since("inputTokens"),
      cachedInputTokens: since("cachedInputTokens"),
      outputTokens: since("outputTokens"),
      reasoningTokens: since("reasoningTokens"),
    };
  }
}

const keys = Object.keys(none) as (keyof Usage)[];

function usageOf(tokens: ThreadTokens): Usage {
  const { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens } = tokens;
  return { inputTokens, cachedInputTokens, outputTokens, reasoningTokens: reasoningOutputTokens };
}
