import type { Store } from "@agent-bridge/core";

type Part = "intake" | "work" | "log" | "outbox" | "leases" | "queries" | "retention";
type Method = (...args: unknown[]) => unknown;

/**
 * A store that is closed and opened again before every call: what a call finds is then what was kept. Calls
 * wait for each other. `log.watch` goes to the store that is open at the moment.
 */
export function reopening(first: Store, reopen: (store: Store) => Store | Promise<Store>): Store {
  let store = first;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(run: () => Promise<T>): Promise<T> => {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return await result;
  };
  const part = <P extends Part>(name: P): Store[P] =>
    new Proxy({} as Store[P], {
      get: (_, method) => {
        if (method === "watch")
          return (...args: Parameters<Store["log"]["watch"]>) => store.log.watch(...args);
        return async (...args: unknown[]) =>
          await inTurn(async () => {
            store = await reopen(store);
            const target = store[name];
            return await (Reflect.get(target, method) as Method).apply(target, args);
          });
      },
    });
  return {
    id: first.id,
    durable: first.durable,
    intake: part("intake"),
    work: part("work"),
    log: part("log"),
    outbox: part("outbox"),
    leases: part("leases"),
    queries: part("queries"),
    retention: part("retention"),
    [Symbol.asyncDispose]: async () => await inTurn(async () => await store[Symbol.asyncDispose]()),
  };
}
