import { BridgeError, type BridgeEvent, type Handle } from "@agent-bridge/core";
import type { PortalPush } from "./protocol.ts";
import { taskView } from "./views.ts";

/** What the watching of tasks needs. */
export interface Watching {
  /** How many tasks at once. */
  readonly limit: number;
  /** Resolves when there is room for more. */
  readonly send: (push: PortalPush) => Promise<void>;
  readonly sendEvent: (event: BridgeEvent, signal: AbortSignal) => Promise<void>;
  readonly errorOf: (error: unknown) => { readonly code: string; readonly message: string };
}

/** The tasks that one socket watches. */
export class WatchedTasks {
  readonly #of: Watching;
  readonly #watched = new Map<string, AbortController>();
  #hasEnded = false;

  constructor(of: Watching) {
    this.#of = of;
  }

  /** Sends a task's events after a cursor until its end. Asked for again, the newer one counts. */
  attach(handle: Handle, taskId: string, after: string | null): void {
    if (this.#hasEnded) return;
    this.detach(taskId);
    const watching = new AbortController();
    const isFull = this.#watched.size >= this.#of.limit;
    if (!isFull) this.#watched.set(taskId, watching);
    void this.#watch(handle, { taskId, after, watching, isFull });
  }

  /** @returns false when it was not watched */
  detach(taskId: string): boolean {
    this.#watched.get(taskId)?.abort(new Error("It is no longer watched."));
    return this.#watched.delete(taskId);
  }

  end(): void {
    this.#hasEnded = true;
    for (const taskId of this.#watched.keys()) this.detach(taskId);
  }

  /** Reads events as fast as the socket takes them: for a slow one they wait in the store. */
  async #watch(
    handle: Handle,
    of: {
      readonly taskId: string;
      readonly after: string | null;
      readonly watching: AbortController;
      readonly isFull: boolean;
    },
  ): Promise<void> {
    const { taskId, after, watching } = of;
    const { signal } = watching;
    const { limit, send, sendEvent, errorOf } = this.#of;
    try {
      if (of.isFull)
        throw new BridgeError("QUOTA_EXCEEDED", { what: "watched tasks of this socket", limit });
      for await (const event of handle.attach({ taskId, after, until: "settled", signal })) {
        // A page of events may have been read before.
        if (signal.aborted) return;
        await sendEvent(event, signal);
      }
      const task = await handle.task(taskId);
      if (!signal.aborted) await send({ type: "end", taskId, task: taskView(task) });
    } catch (error) {
      if (signal.aborted || this.#hasEnded) return;
      const { code, message } = errorOf(error);
      // The socket may be gone by now; then nobody is left to tell.
      await send({ type: "error", taskId, error: { code, message } }).catch(() => undefined);
    } finally {
      if (this.#watched.get(taskId) === watching) this.#watched.delete(taskId);
    }
  }
}
