import type { State, Update } from "./state.ts";

/** Holds the page's state, and tells of its changes. */
export interface Store {
  get(): State;
  update(change: Update): void;
  /** @returns what ends it */
  subscribe(listener: () => void): () => void;
}

/** @param soon calls its argument once, a little later: many changes are told of once */
export function createStore(initial: State, soon: (tell: () => void) => void): Store {
  let state = initial;
  let isTelling = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    isTelling = false;
    for (const listener of listeners) listener();
  };
  return {
    get: () => state,
    update: (change) => {
      const changed = change(state);
      if (changed === state) return;
      state = changed;
      if (isTelling) return;
      isTelling = true;
      soon(tell);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
