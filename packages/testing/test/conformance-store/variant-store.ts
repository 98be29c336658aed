import {
  BridgeError,
  type Clock,
  createWatchers,
  type Hint,
  memoryTables,
  newId,
  type Store,
  systemRandom,
  type TableContext,
  type Tables,
  tableStore,
} from "@agent-bridge/core";

/** What a store does otherwise than the contract says. */
export interface Variant {
  /** Changes the tables under the rules. */
  readonly tables?: (tables: Tables) => Partial<Tables>;
  /** The clock that it goes by. */
  readonly clock?: (clock: Clock) => Clock;
  /** Changes what callers meet. */
  readonly around?: (store: Store, tables: Tables) => Partial<Store>;
  /** Which hints are told. */
  readonly isTold?: (hint: Hint, tables: Tables) => boolean;
}

/** What a store leaves behind when it is closed. */
export interface Kept {
  readonly storeId: string;
  readonly tables: Tables;
}

export function emptyTables(): Kept {
  return { storeId: newId("variant", systemRandom).replace("_", ""), tables: memoryTables() };
}

/** Opens a store in memory that deviates from the contract. */
export function variantStore(clock: Clock, variant: Variant, kept: Kept = emptyTables()): Store {
  const { isTold = () => true } = variant;
  const tables = { ...kept.tables, ...variant.tables?.(kept.tables) };
  const watchers = createWatchers();
  let isClosed = false;
  const checkOpen = (): void => {
    if (isClosed) throw new BridgeError("STORE_CLOSED", {});
  };
  const context: TableContext = {
    storeId: kept.storeId,
    tables,
    clock: variant.clock?.(clock) ?? clock,
    random: systemRandom,
    write: async (run) => {
      checkOpen();
      const hints: Hint[] = [];
      const result = structuredClone(run(hints));
      await Promise.resolve();
      watchers.tell(hints.filter((hint) => isTold(hint, tables)));
      return result;
    },
    read: async (look) => {
      checkOpen();
      return await Promise.resolve(structuredClone(look()));
    },
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    await Promise.resolve();
  };
  const store = tableStore({ context, durable: false, watch: watchers.watch, close });
  return { ...store, ...variant.around?.(store, tables) };
}
