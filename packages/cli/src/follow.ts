import { setTimeout as sleep } from "node:timers/promises";
import { isBridgeError, isTerminal, type BridgeEvent } from "@agent-bridge/core";
import { connectTo } from "./command.ts";
import type { Surroundings } from "./surroundings.ts";

export interface FollowRequest {
  readonly taskId: string;
  readonly after?: string | null;
  readonly signal: AbortSignal;
  /** Told when the daemon is gone, and when it is there again. */
  readonly onConnection?: (isConnected: boolean) => void;
}

/** How long to wait for a daemon that went away while it was followed. */
const rejoinMs = 30_000;
const rejoinEveryMs = 250;

/**
 * A task's events after a cursor, then live, up to its terminal event. A daemon that goes away is
 * waited for and the events go on where they stopped: none is missed, none comes twice.
 *
 * @throws BridgeError DAEMON_NOT_RUNNING at first, or when the daemon stays away; TASK_NOT_FOUND, CURSOR_*; the signal's reason
 */
export async function* followTask(
  surroundings: Surroundings,
  request: FollowRequest,
): AsyncGenerator<BridgeEvent, void, undefined> {
  const { taskId, signal, onConnection } = request;
  let after = request.after ?? null;
  let lostAt: number | undefined;
  for (;;) {
    try {
      await using client = await connectTo(surroundings, { signal });
      if (lostAt !== undefined) onConnection?.(true);
      lostAt = undefined;
      for await (const event of client.stream("attach", { taskId, after }, { signal })) {
        after = event.cursor;
        yield event;
        if (isTerminal(event)) return;
      }
      signal.throwIfAborted();
      // Attached to an ended task behind its end: there is nothing more.
      const { task } = await client.call("task", { taskId }, { signal });
      if (task.endedAt !== null) return;
    } catch (error) {
      const isFirst = after === (request.after ?? null) && lostAt === undefined;
      if (!isAway(error) || (isFirst && isBridgeError(error, "DAEMON_NOT_RUNNING"))) throw error;
      if (lostAt !== undefined && performance.now() - lostAt > rejoinMs) throw error;
    }
    if (lostAt === undefined) onConnection?.(false);
    lostAt ??= performance.now();
    await sleep(rejoinEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function isAway(error: unknown): boolean {
  return isBridgeError(error, "DAEMON_LOST", "DAEMON_NOT_RUNNING", "STORE_CLOSED");
}
