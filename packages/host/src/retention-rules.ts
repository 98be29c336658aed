import type { RetentionRules } from "@agent-bridge/core";
import type { Config } from "./config/config-schema.ts";

const dayMs = 24 * 60 * 60_000;

const inMs = (days: number | null): number | null => (days === null ? null : days * dayMs);

/** What the configuration says of retention, as the bridge takes it. */
export function retentionRules({ retention }: Pick<Config, "retention">): RetentionRules {
  const { days, maxBytes, keyDays, deadLetterDays, deadLetters, deadLetterBytes } = retention;
  return {
    taskMs: inMs(days),
    maxBytes,
    keyMs: keyDays * dayMs,
    deadLetterMs: inMs(deadLetterDays),
    deadLetters,
    deadLetterBytes,
    conversationMs: inMs(retention.conversationDays),
  };
}
