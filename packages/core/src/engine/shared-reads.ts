import type { EventFilter, Log } from "../contract/log.ts";
import type { Scope } from "../contract/principal.ts";
import type { Store } from "../contract/store.ts";
import type { Task } from "../contract/task.ts";

/** Reads for those who wait for the same: a thousand readers of one task cost the store what one costs. */
export interface SharedReads {
  task(taskId: string, scope: Scope): Promise<Task | undefined>;
  page(
    request: EventFilter & { readonly after: string | null; readonly limit: number },
  ): ReturnType<Log["read"]>;
}

/**
 * Gives everyone who asks the same of the store in the same moment the same answer. Readers that one ring has woken ask
 * in the same moment. An answer is handed out only until the microtasks that stand in line have run: whoever is woken
 * by a later commit asks anew, and never gets what was read before it.
 */
export function shareReads(store: Pick<Store, "log" | "queries">): SharedReads {
  const asked = new Map<string, Promise<unknown>>();
  const share = async <T>(question: readonly unknown[], ask: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(question);
    const known = asked.get(key) as Promise<T> | undefined;
    if (known !== undefined) return await known;
    const answer = ask();
    asked.set(key, answer);
    queueMicrotask(() => asked.delete(key));
    return await answer;
  };
  return {
    task: async (taskId, scope) =>
      await share(["task", taskId, scope], async () => await store.queries.task(taskId, scope)),
    page: async (request) =>
      await share(["page", request], async () => await store.log.read(request)),
  };
}
