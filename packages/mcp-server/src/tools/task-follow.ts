import type { BridgeEvent, EventType, Handle, JsonObject, LogGap } from "@agent-bridge/core";
import { isFinal } from "@agent-bridge/core";
import * as z from "zod";
import { eventSchema, eventView, gapSchema, gapView } from "../event-view.ts";
import { countThatFits } from "../fit.ts";
import { noteCursor, readHead } from "../heads.ts";
import { cursor, defaultWaitSeconds, id, waitSeconds } from "../input.ts";
import { eventsLink, taskLine, taskLineSchema } from "../task-view.ts";
import { type Answer, defineTool, given, type ToolCall } from "../tool.ts";
import { bounded, ticking } from "../waiting.ts";

/** A task of which the store told nothing in time has its id only. */
const waitedTaskSchema = taskLineSchema.partial().required({ task_id: true });

/** Waits for tasks to end, or to need an answer. */
export const taskWait = defineTool({
  name: "task_wait",
  title: "Wait for tasks",
  description:
    "Wait until any (or all) of the tasks have ended or need input. A time-out is a normal answer: timed_out is true, and you call again. task_get has the whole answer of a task.",
  input: z.strictObject({
    task_ids: z.array(id).min(1).max(20),
    until: z.enum(["any", "all"]).default("any"),
    timeout_seconds: waitSeconds.default(defaultWaitSeconds),
  }),
  output: z.object({
    timed_out: z.boolean(),
    tasks: z.array(waitedTaskSchema),
    cursor: z
      .string()
      .nullable()
      .describe(
        "The end of the log when the wait began: task_events after it has what came since.",
      ),
  }),
  annotations: { readOnlyHint: true },
  forRuns: true,
  call: async (call, { task_ids: taskIds, until, timeout_seconds: seconds }) => {
    const { handle, clock, signal, newest } = call;
    const timeoutMs = seconds * 1000;
    using _ = ticking(call, `Waiting for ${until} of ${taskIds.length} tasks`);
    const work = async () => {
      const head = await readHead(call);
      return { head, ...(await handle.wait({ taskIds, until, timeoutMs, signal })) };
    };
    const waited = await bounded(clock, timeoutMs, work());
    const tasks = waited?.tasks.map((task) => taskLine(task));
    return {
      value: {
        timed_out: waited?.timedOut ?? true,
        tasks: tasks ?? taskIds.map((taskId) => ({ task_id: taskId })),
        cursor: waited?.head ?? newest.cursor,
      },
    };
  },
});

/** What to read of the log. */
interface Reading {
  readonly taskId: string | undefined;
  readonly types: readonly EventType[] | undefined;
  readonly after: string | null;
  readonly limit: number;
}

interface EventPage {
  readonly events: readonly BridgeEvent[];
  readonly next: string;
  readonly gap: LogGap | null;
  /** Nothing more will come. */
  readonly isTerminal: boolean;
}

const isSettled = ({ status, reply }: Awaited<ReturnType<Handle["task"]>>): boolean =>
  isFinal(status) && reply !== "pending" && reply !== "sending";

async function readPage(call: ToolCall, reading: Reading): Promise<EventPage> {
  const { handle } = call;
  const { taskId, types, after, limit } = reading;
  // The status is read first: what was settled before has its last event below the head.
  const isOver = taskId !== undefined && isSettled(await handle.task(taskId));
  const page = await handle.events({ ...given({ taskId, types }), after, limit });
  noteCursor(call, page.next);
  const { events, next, gap } = page;
  return { events, next, gap, isTerminal: isOver && page.atHead };
}

/** Waits until there may be something to read, or the time is over. */
async function nextEvent(call: ToolCall, reading: Reading, ms: number): Promise<void> {
  const { handle, clock } = call;
  const { taskId, types, after } = reading;
  const own = new AbortController();
  const timer = clock.timer(ms, () => own.abort());
  const signal = AbortSignal.any([call.signal, own.signal]);
  const feed =
    taskId === undefined
      ? handle.follow({ ...given({ types }), after, signal })
      : handle.attach({ taskId, after, until: "settled", signal });
  try {
    for await (const { type } of feed)
      if (type === "log.gap" || (types?.includes(type) ?? true)) return;
  } finally {
    timer.stop();
    own.abort();
  }
}

/** Reads a page, and when there is nothing, waits for something and reads again. */
async function readOrWait(call: ToolCall, reading: Reading, waitMs: number): Promise<EventPage> {
  const { clock, signal } = call;
  const deadline = clock.steady() + waitMs;
  for (let { after } = reading; ;) {
    const page = await readPage(call, { ...reading, after });
    after = page.next;
    const leftMs = deadline - clock.steady();
    const isNews = page.events.length > 0 || page.gap !== null || page.isTerminal;
    if (isNews || leftMs <= 0 || signal.aborted) return page;
    await nextEvent(call, { ...reading, after }, leftMs);
  }
}

/** Room for what stands around the events. */
const aroundBytes = 1024;

/** As many events as fit; the cursor goes on after the last of them. */
function pageAnswer(call: ToolCall, reading: Reading, page: EventPage): Answer {
  const views: readonly JsonObject[] = page.events.map((event) => eventView(event));
  const count = countThatFits(views, call.answerBytes - aroundBytes);
  const isWhole = count >= views.length;
  return {
    value: {
      events: views.slice(0, count),
      next_cursor: isWhole ? page.next : (page.events[count - 1]?.cursor ?? page.next),
      terminal: isWhole && page.isTerminal,
      ...(page.gap === null ? {} : { gap: gapView(page.gap) }),
    },
    ...(reading.taskId === undefined ? {} : { whole: eventsLink(reading.taskId) }),
  };
}

/** The log after a cursor. Whoever polls with `next_cursor` sees every event exactly once. */
export const taskEvents = defineTool({
  name: "task_events",
  title: "Read events",
  description:
    "What happened, in order, after a cursor: give next_cursor back as `after` and you see every event exactly once. With wait_seconds it waits for the next event. terminal is true when nothing more will come for the task.",
  input: z.strictObject({
    task_id: id.optional().describe("Left out: the events of all your tasks."),
    after: cursor.optional(),
    types: z
      .array(z.string().regex(/^[a-z_.]{1,64}$/))
      .min(1)
      .max(32)
      .optional()
      .describe("Only these, e.g. task.completed, turn.text, turn.tool_call."),
    limit: z.int().min(1).max(500).default(100),
    wait_seconds: waitSeconds.default(0),
  }),
  output: z.object({
    events: z.array(eventSchema),
    next_cursor: z.string().nullable(),
    gap: gapSchema.optional().describe("Events that are kept no longer."),
    terminal: z.boolean(),
  }),
  annotations: { readOnlyHint: true },
  forRuns: true,
  call: async (call, input) => {
    const reading: Reading = {
      taskId: input.task_id,
      types: input.types as readonly EventType[] | undefined,
      after: input.after ?? null,
      limit: input.limit,
    };
    const waitMs = input.wait_seconds * 1000;
    using _ = ticking(call, "Waiting for events");
    const work = readOrWait(call, reading, waitMs);
    const page = waitMs === 0 ? await work : await bounded(call.clock, waitMs, work);
    if (page !== undefined) return pageAnswer(call, reading, page);
    // The store did not answer in time: nothing was read, so the place is the old one.
    return { value: { events: [], next_cursor: reading.after, terminal: false } };
  },
});
