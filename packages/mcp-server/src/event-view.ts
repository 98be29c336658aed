import type { BridgeEvent, JsonObject, LogGap } from "@agent-bridge/core";
import * as z from "zod";
import { objectToWire } from "./wire.ts";

/** One fact of a task's log. */
export const eventSchema = z.object({
  task_id: z.string(),
  seq: z.int().describe("Counts the events of a task from 1, without gaps."),
  type: z.string(),
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
  cut: z.object({ bytes: z.int() }).optional().describe("The log keeps only a part of it."),
});

export function eventView(event: BridgeEvent): JsonObject {
  const { taskId, seq, type, at, data, cut } = event;
  return objectToWire({ taskId, seq, type, at, data, cut });
}

/** Events that retention has removed: some of those after the one cursor, up to the other. */
export const gapSchema = z.object({ after: z.string().nullable(), through: z.string() });

export function gapView({ after, through }: LogGap): JsonObject {
  return { after, through };
}
