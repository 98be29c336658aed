import { type BridgeEvent, isTerminal } from "../contract/event.ts";
import { BridgeError } from "../contract/errors.ts";
import { type EventFilter, isLogGap, type LogGap } from "../contract/log.ts";
import type { Scope } from "../contract/principal.ts";
import { isFinal, type Task } from "../contract/task.ts";
import type { Engine } from "./engine.ts";

const pageSize = 500;

const isSettled = (task: Task): boolean =>
  isFinal(task.status) && task.reply !== "pending" && task.reply !== "sending";

/** Reads to the head of the log, page by page, or until the signal aborts. @returns the cursor to go on from */
async function* toHead(
  engine: Engine,
  filter: EventFilter,
  of: { after: string | null; signal: AbortSignal | undefined },
): AsyncGenerator<BridgeEvent | LogGap, string> {
  let told: string | undefined;
  for (let cursor = of.after; ;) {
    const page = await engine.reads.page({ ...filter, after: cursor, limit: pageSize });
    // Each page before the end of a gap tells it again.
    if (page.gap !== null && page.gap.through !== told) yield page.gap;
    told = page.gap?.through;
    yield* page.events;
    cursor = page.next;
    if (page.atHead || of.signal?.aborted === true) return cursor;
  }
}

/**
 * A task's events after a cursor, then live. A reader is a cursor, not a queue: it reads from the store at
 * its own pace, and nobody waits for it.
 *
 * @throws BridgeError TASK_NOT_FOUND, CURSOR_INVALID, CURSOR_FOREIGN, CURSOR_AHEAD
 */
export async function* attachTask(
  engine: Engine,
  of: {
    taskId: string;
    scope: Scope;
    after: string | null;
    until: "ended" | "settled";
    signal: AbortSignal | undefined;
  },
): AsyncGenerator<BridgeEvent, void> {
  const { taskId, scope, until, signal } = of;
  using bell = engine.feed.listen("events", taskId);
  for (let after = of.after; signal?.aborted !== true;) {
    // The status is read first: what ended before it was read has its last event below the head.
    const task = await engine.reads.task(taskId, scope);
    if (task === undefined) throw new BridgeError("TASK_NOT_FOUND", { taskId });
    const reading = toHead(engine, { scope, taskId }, { after, signal });
    let next = await reading.next();
    for (; next.done !== true; next = await reading.next()) {
      // One task's log has no gaps.
      if (isLogGap(next.value)) continue;
      // What becomes of the reply is told to those who asked for it.
      if (until === "ended" && next.value.type.startsWith("reply.")) continue;
      yield next.value;
      if (until === "ended" && isTerminal(next.value)) return;
    }
    after = next.value;
    if (until === "settled" ? isSettled(task) : isFinal(task.status)) {
      // Retention may have taken the rest of its log from between two pages.
      if ((await engine.reads.task(taskId, scope)) !== undefined) return;
      throw new BridgeError("TASK_NOT_FOUND", { taskId });
    }
    await bell.wait(null, signal);
  }
}

/** All events of a scope after a cursor (`"now"`: after the head), then live, until the signal aborts. */
export async function* followLog(
  engine: Engine,
  of: EventFilter & { after: string | null; signal: AbortSignal },
): AsyncGenerator<BridgeEvent | LogGap, void> {
  const { after: from, signal, ...filter } = of;
  using bell = engine.feed.listen("events");
  for (let after = from === "now" ? await engine.store.log.head() : from; !signal.aborted;) {
    after = yield* toHead(engine, filter, { after, signal });
    await bell.wait(null, signal);
  }
}

const isDone = (task: Task): boolean => isFinal(task.status) || task.status === "input_required";

/** Waits for tasks to end or to need an answer. */
export async function waitForTasks(
  engine: Engine,
  of: {
    taskIds: readonly string[];
    scope: Scope;
    until: "any" | "all";
    timeoutMs: number;
    signal: AbortSignal | undefined;
  },
): Promise<{ timedOut: boolean; tasks: readonly Task[] }> {
  const { taskIds, scope, until, timeoutMs, signal } = of;
  const deadline = engine.clock.steady() + timeoutMs;
  if (taskIds.length === 0) return { timedOut: false, tasks: [] };
  using bell = engine.feed.listen("events", ...taskIds);
  for (;;) {
    const tasks = await Promise.all(
      taskIds.map(async (taskId) => {
        const task = await engine.reads.task(taskId, scope);
        if (task === undefined) throw new BridgeError("TASK_NOT_FOUND", { taskId });
        return task;
      }),
    );
    if (until === "any" ? tasks.some(isDone) : tasks.every(isDone))
      return { timedOut: false, tasks };
    const leftMs = deadline - engine.clock.steady();
    if (leftMs <= 0 || signal?.aborted === true) return { timedOut: true, tasks };
    await bell.wait(leftMs, signal);
  }
}
