import type { PortalEvent } from "./wire.ts";

/** What an agent did, as the timeline shows it. */
export type ItemContent =
  | { readonly type: "thinking" | "text"; readonly text: string; readonly isProvisional: boolean }
  | {
      readonly type: "tool";
      readonly callId: string;
      /** Null where the call itself is no longer in the window. */
      readonly name: string | null;
      readonly input: unknown;
      readonly status: "running" | "ok" | "error" | "cancelled" | "unfinished";
      readonly output: unknown;
      readonly exitCode: number | null;
      readonly endedAt: string | null;
    }
  | {
      readonly type: "file";
      readonly path: string;
      readonly change: "add" | "update" | "delete";
      readonly diff: string | null;
    }
  | { readonly type: "plan"; readonly steps: readonly PlanStep[] }
  | { readonly type: "notice"; readonly level: "info" | "warning"; readonly text: string }
  | {
      readonly type: "question";
      readonly questionId: string;
      readonly title: string;
      readonly outcome: {
        readonly action: string;
        readonly state: string;
        readonly by: string | null;
      } | null;
    }
  | { readonly type: "attempt"; readonly attempt: number; readonly cause: string };

export interface PlanStep {
  readonly text: string;
  readonly status: "pending" | "active" | "done";
}

/** An item with its place in the task's log. */
export type TimelineItem = ItemContent & {
  /** The seq of the event that began it: its identity. */
  readonly seq: number;
  readonly at: string;
  /** The cursor before that event: read from there, it is built again. Null: the log's beginning. */
  readonly before: string | null;
  /** The log kept only a part of it. */
  readonly isCut: boolean;
};

type ItemOf<T extends ItemContent["type"]> = Extract<TimelineItem, { readonly type: T }>;

/** The newest items of a task; how many older ones there were. */
export interface Timeline {
  readonly items: readonly TimelineItem[];
  readonly droppedCount: number;
}

export const emptyTimeline: Timeline = { items: [], droppedCount: 0 };

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

interface Step {
  readonly event: PortalEvent;
  readonly before: string | null;
}

type Fold = (items: readonly TimelineItem[], step: Step) => readonly TimelineItem[];

/** How each type of event changes the items. What is not named here shows elsewhere, or nowhere. */
const folds: Readonly<Record<string, Fold>> = {
  "task.started": (items, { event, before }) => {
    const { attempt, cause } = event.data;
    const settled = settle(items);
    if (attempt === 1 || cause === "answered") return settled;
    return [
      ...settled,
      itemOf({ type: "attempt", attempt: Number(attempt), cause: text(cause) }, { event, before }),
    ];
  },
  "turn.thinking": (items, step) => said(items, "thinking", step),
  "turn.text": (items, step) => said(items, "text", step),
  "turn.tool_call": (items, { event, before }) => {
    const { callId, name, input } = event.data;
    const call: ItemContent = {
      type: "tool",
      callId: text(callId),
      name: text(name),
      input,
      status: "running",
      output: undefined,
      exitCode: null,
      endedAt: null,
    };
    return [...items, itemOf(call, { event, before })];
  },
  "turn.tool_result": toolResult,
  "turn.file_change": (items, { event, before }) => {
    const { path, change, diff } = event.data;
    const file: ItemContent = {
      type: "file",
      path: text(path),
      change: change as ItemOf<"file">["change"],
      diff: textOrNull(diff),
    };
    return [...items, itemOf(file, { event, before })];
  },
  "turn.plan": (items, { event, before }) => {
    const plan = { type: "plan", steps: event.data["steps"] as readonly PlanStep[] } as const;
    const last = items.findLastIndex(({ type }) => type === "plan" || type === "attempt");
    const known = items[last];
    // One plan that changes is one item; a new attempt makes its own.
    return known?.type === "plan"
      ? items.with(last, { ...known, ...plan })
      : [...items, itemOf(plan, { event, before })];
  },
  "turn.notice": (items, { event, before }) => {
    const { level, text: told } = event.data;
    const notice: ItemContent = {
      type: "notice",
      level: level === "warning" ? "warning" : "info",
      text: text(told),
    };
    return [...items, itemOf(notice, { event, before })];
  },
  "turn.question": (items, { event, before }) => {
    const { questionId, title } = event.data;
    const asked: ItemContent = {
      type: "question",
      questionId: text(questionId),
      title: text(title),
      outcome: null,
    };
    return [...items, itemOf(asked, { event, before })];
  },
  "turn.answer": (items, { event: { data } }) => {
    const outcome = {
      action: text(data["action"]),
      state: text(data["state"]),
      by: textOrNull(data["by"]),
    };
    return items.map((item) =>
      item.type === "question" && item.questionId === data["questionId"]
        ? { ...item, outcome }
        : item,
    );
  },
  "turn.final_answer": (items, { event }) => withoutAnswer(items, text(event.data["output"])),
  "task.completed": (items, { event }) => withoutAnswer(settle(items), text(event.data["output"])),
  "task.failed": (items) => settle(items),
};

/** Adds one event, which must follow the last one added. @param before the cursor before it */
export function fold(timeline: Timeline, event: PortalEvent, before: string | null): Timeline {
  const by = Object.hasOwn(folds, event.type) ? folds[event.type] : undefined;
  if (by === undefined) return timeline;
  return { ...timeline, items: by(timeline.items, { event, before }) };
}

function itemOf(content: ItemContent, { event, before }: Step): TimelineItem {
  const isCut = event.data["cut"] !== undefined;
  return { ...content, seq: event.seq, at: event.at, before, isCut };
}

/** Deltas are provisional: they grow one text, until the whole one replaces all of them since the last whole one. */
function said(
  items: readonly TimelineItem[],
  type: "thinking" | "text",
  step: Step,
): readonly TimelineItem[] {
  const { data } = step.event;
  const more = text(data["text"]);
  const isMine = (item: TimelineItem | undefined): item is ItemOf<"thinking" | "text"> =>
    item?.type === type && item.isProvisional;
  if (data["delta"] === true) {
    const last = items.at(-1);
    if (isMine(last)) return items.with(items.length - 1, { ...last, text: last.text + more });
    return [...items, itemOf({ type, text: more, isProvisional: true }, step)];
  }
  const whole = itemOf({ type, text: more, isProvisional: false }, step);
  const place = items.findIndex(isMine);
  const first = items[place];
  if (first === undefined) return [...items, whole];
  const { seq, at, before } = first;
  return items.with(place, { ...whole, seq, at, before }).filter((item) => !isMine(item));
}

function toolResult(items: readonly TimelineItem[], step: Step): readonly TimelineItem[] {
  const { data, at } = step.event;
  const result = {
    status: data["status"] as "ok" | "error" | "cancelled",
    output: data["output"],
    exitCode: typeof data["exitCode"] === "number" ? data["exitCode"] : null,
    endedAt: at,
  };
  const callId = text(data["callId"]);
  const place = items.findLastIndex((item) => item.type === "tool" && item.callId === callId);
  const call = items[place];
  if (call?.type === "tool")
    return items.with(place, {
      ...call,
      ...result,
      isCut: call.isCut || data["cut"] !== undefined,
    });
  return [
    ...items,
    itemOf({ type: "tool", callId, name: null, input: undefined, ...result }, step),
  ];
}

/** The answer stands below the timeline: said as the last text, it is not shown twice. */
export function withoutAnswer(
  items: readonly TimelineItem[],
  answer: string,
): readonly TimelineItem[] {
  const place = items.findLastIndex(({ type }) => type === "text");
  const last = items[place];
  return last?.type === "text" && last.text.trim() === answer.trim()
    ? items.toSpliced(place, 1)
    : items;
}

/** An attempt is over: what it had begun to say stays as it is, and what it had begun to do has no result. */
function settle(items: readonly TimelineItem[]): readonly TimelineItem[] {
  return items.map((item) => {
    if ((item.type === "text" || item.type === "thinking") && item.isProvisional)
      return { ...item, isProvisional: false };
    if (item.type === "tool" && item.status === "running")
      return { ...item, status: "unfinished" as const };
    return item;
  });
}
