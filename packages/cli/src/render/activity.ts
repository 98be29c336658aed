import { type BridgeEvent, type EventType, isLogGap, type LogGap } from "@agent-bridge/core";
import { renderEvent } from "./event-lines.ts";
import type { Line } from "./line.ts";

/** What a daemon in front shows of its work: what comes, what is done, how it ends. */
const shown: ReadonlySet<EventType> = new Set([
  "task.created",
  "task.started",
  "task.cancel_requested",
  "task.completed",
  "task.failed",
  "turn.tool_call",
  "turn.question",
  "turn.notice",
  "reply.delivered",
  "reply.failed",
]);

/** Stands before what was kept of a log. */
const gapLine: Line = { tone: "quiet", text: "Earlier events were removed by retention." };

/** An event of any task as at most one line: time, task, and the first line of what it tells. */
export function renderActivity(event: BridgeEvent | LogGap): readonly Line[] {
  if (isLogGap(event)) return [gapLine];
  if (!shown.has(event.type)) return [];
  const time = new Date(event.at).toTimeString().slice(0, 8);
  return renderEvent(event)
    .slice(0, 1)
    .map(({ tone, text }) => ({ tone, text: `${time} ${event.taskId} ${text}` }));
}
