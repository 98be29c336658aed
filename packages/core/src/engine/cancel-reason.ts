import type { Log } from "../contract/log.ts";

/** Why a task was asked to end, in the words of who asked; null when they gave none. */
export async function readCancelReason(log: Log, taskId: string): Promise<string | null> {
  const types = ["task.cancel_requested"] as const;
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<Log["read"]>> = await log.read({
      scope: { all: true },
      taskId,
      types,
      after,
      limit: 10,
    });
    const [event] = page.events;
    if (event?.type === "task.cancel_requested") return event.data.reason ?? null;
    if (page.atHead) return null;
    after = page.next;
  }
}
