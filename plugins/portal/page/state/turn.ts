import { emptyTimeline, fold, withoutAnswer, type Timeline } from "./timeline.ts";
import { windowed } from "./timeline-window.ts";
import {
  isOver,
  type PortalEvent,
  type PortalTask,
  type Question,
  type TaskStatus,
} from "./wire.ts";

/** A task as the page follows it. */
export interface Turn {
  readonly task: PortalTask;
  readonly timeline: Timeline;
  /** The last event's place; null before the first. A repeat is known by its seq. */
  readonly seq: number | null;
  readonly cursor: string | null;
  /** When the last event happened. */
  readonly lastAt: string | null;
  readonly attempt: number;
  readonly usage: PortalTask["usage"];
  /** What the agent ended with; null before. */
  readonly answer: string | null;
  readonly attachments: readonly { readonly uri: string; readonly name: string | null }[];
  readonly questions: readonly Question[];
  readonly cancelledBy: string | null;
  /** What became of the reply, where one was sent somewhere. */
  readonly replyNote: string | null;
  /** `none`: its events were never read. `live`: they come. `paused`: the line is down. `whole`: all were read. */
  readonly reading: "none" | "live" | "whole";
  /** Why its events could not be read; null where they could. */
  readonly trouble: string | null;
}

export function newTurn(task: PortalTask): Turn {
  return {
    task,
    timeline: emptyTimeline,
    seq: null,
    cursor: null,
    lastAt: null,
    attempt: 0,
    usage: task.usage,
    answer: task.output,
    attachments: [],
    questions: [],
    cancelledBy: null,
    replyNote: null,
    reading: "none",
    trouble: null,
  };
}

type Change = (turn: Turn, data: PortalEvent["data"]) => Partial<Turn>;

const withStatus = (turn: Turn, status: TaskStatus): PortalTask =>
  isOver(turn.task.status) ? turn.task : { ...turn.task, status };

/** What an event changes beside the timeline. */
const changes: Readonly<Record<string, Change>> = {
  "task.started": (turn, { attempt }) => ({
    attempt: Number(attempt),
    task: withStatus(turn, "running"),
  }),
  "task.input_required": (turn) => ({ task: withStatus(turn, "input_required") }),
  "turn.answer": (turn) => ({ task: withStatus(turn, "running") }),
  "task.cancel_requested": (_, { by }) => ({ cancelledBy: String(by) }),
  "turn.usage": (_, data) => ({ usage: data as unknown as PortalTask["usage"] }),
  "turn.final_answer": (_, { output, attachments }) => ({
    answer: String(output),
    attachments: (attachments ?? []) as Turn["attachments"],
  }),
  "task.completed": (turn, { output }) => ({
    answer: String(output),
    task: withStatus(turn, "completed"),
  }),
  "task.failed": (turn, { code, error }) => ({
    task: {
      ...withStatus(turn, code === "cancelled" ? "cancelled" : "failed"),
      error: { code: String(code), message: String(error) },
    },
  }),
  "reply.delivered": () => ({ replyNote: "The reply was delivered." }),
  "reply.failed": (_, { reason }) => ({
    replyNote: `The reply could not be delivered: ${String(reason)}`,
  }),
  "reply.noted": (_, { text }) => ({ replyNote: String(text) }),
};

/** True when an event is the next one, or the first: others are repeats, or show that one is missing. */
export function isNext(turn: Turn, event: PortalEvent): boolean {
  return turn.seq === null || event.seq === turn.seq + 1;
}

/** Adds one event. A repeat, or one that does not follow, changes nothing. */
export function withEvent(turn: Turn, event: PortalEvent): Turn {
  if (!isNext(turn, event)) return turn;
  const change = Object.hasOwn(changes, event.type) ? changes[event.type] : undefined;
  return {
    ...turn,
    ...change?.(turn, event.data),
    timeline: windowed(fold(turn.timeline, event, turn.cursor)),
    seq: event.seq,
    cursor: event.cursor,
    lastAt: event.at,
  };
}

/** The task as the bridge tells it now. */
export function withTask(turn: Turn, task: PortalTask): Turn {
  const answer = task.output ?? turn.answer;
  const items =
    answer === null || !isOver(task.status)
      ? turn.timeline.items
      : withoutAnswer(turn.timeline.items, answer);
  const timeline = { ...turn.timeline, items };
  return { ...turn, task, timeline, usage: task.usage ?? turn.usage, answer };
}

/** Where to read from so that exactly what is shown is built again. */
export function windowStart(turn: Turn): {
  readonly after: string | null;
  readonly droppedCount: number;
} {
  const { droppedCount, items } = turn.timeline;
  return { after: droppedCount === 0 ? null : (items[0]?.before ?? null), droppedCount };
}

/** The questions that wait for a person. */
export function openQuestions(turn: Turn): readonly Question[] {
  return isOver(turn.task.status) ? [] : turn.questions.filter(({ state }) => state === "open");
}
