import type { BridgeEvent, EventType } from "@agent-bridge/core";
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

/** An event of any task as at most one line: time, task, and the first line of what it tells. */
export function renderActivity(event: BridgeEvent): readonly Line[] {
  if (!shown.has(event.type)) return [];
  const time = new Date(event.at).toTimeString().slice(0, 8);
  return renderEvent(event)
    .slice(0, 1)
    .map(({ tone, text }) => ({ tone, text: `${time} ${event.taskId} ${text}` }));
}
