import type { Removed, Retention, Task } from "@agent-bridge/core";
import { all, chat, type StoreBench, type TaskSketch } from "./bench.ts";

export const dayMs = 24 * 60 * 60_000;

type TaskStep = Parameters<Retention["removeTasks"]>[0];
type LetterStep = Parameters<Retention["removeDeadLetters"]>[0];

/** Takes steps until one says that nothing is left. */
async function toEnd<R extends Removed>(step: (after: string | null) => Promise<R>): Promise<R[]> {
  const steps: R[] = [];
  for (let after: string | null = null; ;) {
    const removed = await step(after);
    steps.push(removed);
    if (steps.length > 10_000) throw new Error("It does not come to an end.");
    if (removed.next === null) return steps;
    after = removed.next;
  }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

const countOf = (steps: readonly Removed[]): number => sumOf(steps.map(({ count }) => count));

/** Removes ended tasks until nothing is left to remove; whatever is over, unless a case says otherwise. */
export async function removeTasks(
  { store }: StoreBench,
  sketch: Partial<TaskStep> = {},
): Promise<{ tasks: number; events: number }> {
  const steps = await toEnd(
    async (after) =>
      await store.retention.removeTasks({
        olderThanMs: 0,
        keepBytes: 0,
        limit: 100,
        ...sketch,
        after,
      }),
  );
  return { tasks: countOf(steps), events: sumOf(steps.map(({ events }) => events)) };
}

export async function removeMessages(
  { store }: StoreBench,
  olderThanMs: number,
  limit = 100,
): Promise<number> {
  return countOf(
    await toEnd(
      async (after) => await store.retention.removeMessages({ olderThanMs, limit, after }),
    ),
  );
}

export async function removeConversations(
  { store }: StoreBench,
  olderThanMs: number,
  limit = 100,
): Promise<number> {
  return countOf(
    await toEnd(
      async (after) => await store.retention.removeConversations({ olderThanMs, limit, after }),
    ),
  );
}

/** Removes dead letters; for no reason, unless a case gives one. */
export async function removeDeadLetters(
  { store }: StoreBench,
  sketch: Partial<LetterStep> = {},
): Promise<number> {
  const never = { olderThanMs: 10_000 * dayMs, keepCount: 1e6, keepBytes: 1e12, limit: 100 };
  return countOf(
    await toEnd(
      async (after) => await store.retention.removeDeadLetters({ ...never, ...sketch, after }),
    ),
  );
}

/** Acknowledges everything that may be acknowledged. */
export async function acknowledgeAll({ store }: StoreBench): Promise<void> {
  for (const { channel, messages } of await store.intake.acksDue(chat, "queue"))
    await store.intake.acknowledged(channel, messages);
}

/** A task that nothing keeps: it has ended, its reply was sent, and its message is acknowledged. */
export async function over(bench: StoreBench, sketch: TaskSketch = {}): Promise<Task> {
  const task = await bench.ended(sketch);
  await bench.deliverAll();
  await acknowledgeAll(bench);
  return task;
}

/** Which of the tasks are still there, in the order that was given. */
export async function left(
  { store }: StoreBench,
  tasks: readonly Task[],
): Promise<readonly number[]> {
  const found = await Promise.all(tasks.map(async ({ id }) => store.queries.task(id, all)));
  return found.flatMap((task, place) => (task === undefined ? [] : [place]));
}
