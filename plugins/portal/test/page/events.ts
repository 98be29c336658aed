import type { PortalEvent, PortalTask } from "../../page/state/wire.ts";

/** A task as the bridge shows it. */
export function taskOf(more: Partial<PortalTask> = {}): PortalTask {
  return {
    id: "task_1",
    kind: "portal.chat",
    runner: "scripted",
    conversationId: "conv_1",
    status: "running",
    prompt: "Do it",
    output: null,
    error: null,
    progress: 0,
    usage: null,
    continues: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    startedAt: null,
    endedAt: null,
    ...more,
  };
}

/** An event's type and data. */
export type Step = readonly [type: string, data: Record<string, unknown>];

/** Events of one task, in order, from their types and data. */
export function eventsOf(...steps: readonly Step[]): readonly PortalEvent[] {
  return steps.map(([type, data], place) => ({
    cursor: `c${place + 1}`,
    taskId: "task_1",
    conversationId: "conv_1",
    seq: place + 1,
    type,
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, place)).toISOString(),
    data,
  }));
}

export const delta = (text: string) => ["turn.text", { text, delta: true }] as const;
export const whole = (text: string) => ["turn.text", { text, delta: false }] as const;
export const thought = (text: string) => ["turn.thinking", { text, delta: false }] as const;
export const call = (callId: string, name = "shell") =>
  ["turn.tool_call", { callId, name, input: { command: "ls" } }] as const;
export const result = (callId: string, output: unknown = "ok", status = "ok") =>
  ["turn.tool_result", { callId, status, output }] as const;
export const started = (attempt = 1, cause = "new") =>
  ["task.started", { attempt, cause }] as const;
