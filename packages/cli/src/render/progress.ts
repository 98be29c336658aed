import type { BridgeEvent, Usage } from "@agent-bridge/core";
import { formatDuration } from "./duration.ts";

/** What is known of a followed task. */
export interface Progress {
  readonly phase: string;
  /** Epoch milliseconds of the first and the last event; null before there was one. */
  readonly startedAt: number | null;
  readonly lastEventAt: number | null;
  readonly usage: Usage | null;
}

/** Before the first event. */
export const noProgress: Progress = {
  phase: "waiting",
  startedAt: null,
  lastEventAt: null,
  usage: null,
};

/** The phase that each event begins; the others change nothing. */
const phases: Partial<Record<BridgeEvent["type"], string>> = {
  "task.created": "queued",
  "task.started": "starting",
  "task.input_required": "waiting for an answer",
  "task.cancel_requested": "cancelling",
  "task.completed": "completed",
  "task.failed": "failed",
  "turn.session": "working",
  "turn.thinking": "thinking",
  "turn.text": "writing",
  "turn.tool_call": "using a tool",
  "turn.tool_result": "working",
  "turn.question": "waiting for an answer",
  "turn.answer": "working",
  "turn.final_answer": "finishing",
};

/** What is known after one more event. */
export function advance(progress: Progress, event: BridgeEvent): Progress {
  return {
    phase: phases[event.type] ?? progress.phase,
    startedAt: progress.startedAt ?? event.at,
    lastEventAt: event.at,
    usage: event.type === "turn.usage" ? event.data : progress.usage,
  };
}

/** One line: phase, elapsed, age of the last event, tokens. Never a guess of what is left. */
export function describeProgress(progress: Progress, now: number): string {
  const { phase, startedAt, lastEventAt, usage } = progress;
  const parts = [phase];
  if (startedAt !== null) parts.push(formatDuration(now - startedAt));
  if (lastEventAt !== null) parts.push(`last event ${formatDuration(now - lastEventAt)} ago`);
  if (usage !== null) {
    const cached = usage.cachedInputTokens > 0 ? ` (${usage.cachedInputTokens} cached)` : "";
    parts.push(`${usage.inputTokens}${cached} tokens in, ${usage.outputTokens} out`);
  }
  return parts.join(" · ");
}
