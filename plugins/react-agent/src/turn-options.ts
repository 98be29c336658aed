import type { TurnLimits } from "@agent-bridge/core";
import * as z from "zod";

const positiveMs = z.int().positive();

/** Names tools as `server.tool`; a `*` stands for any text, as in `files.*`. */
const toolPatterns = z.array(z.string().min(1)).default([]);

/** The options of a route to the runner `react`. */
export const reactTurnOptionsSchema = z.strictObject({
  /** By default the plugin's. */
  model: z.string().min(1).optional(),
  /** By default the plugin's. */
  instructions: z.string().min(1).optional(),
  /** Which tools the agent is given. By default none. */
  tools: toolPatterns,
  /** Which of these it may call without asking. By default none: a person is asked before each call. */
  unasked: toolPatterns,
  /**
   * Adds the bridge itself as the server `bridge`, as the run that this is; `tools` names what of it the agent is
   * given: `bridge.*`. A route from `run` says what it may start.
   */
  bridge: z.boolean().default(false),
  /** How often the model is called for one message, at most. */
  steps: z.int().min(1).max(200).default(20),
  temperature: z.number().min(0).max(2).optional(),
  /** How much of the conversation the model is given, as JSON; the oldest turns go first. */
  historyBytes: z
    .int()
    .min(4 * 1024)
    .max(8 * 1024 * 1024)
    .default(256 * 1024),
  startMs: positiveMs.optional(),
  idleMs: positiveMs.optional(),
  totalMs: positiveMs.optional(),
});

/** A route's options as they are used. */
export type ReactTurnOptions = z.output<typeof reactTurnOptionsSchema>;

/** The time limits that the options set. */
export function limitsOf(options: ReactTurnOptions): Partial<TurnLimits> {
  const { startMs, idleMs, totalMs } = options;
  return {
    ...(startMs === undefined ? {} : { startMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(totalMs === undefined ? {} : { totalMs }),
  };
}

/** True where one of the patterns names this tool. */
export function isNamed(tool: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "s").test(tool);
  });
}
