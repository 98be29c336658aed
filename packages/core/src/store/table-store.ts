import process from "node:process";
import type { Hint } from "../contract/log.ts";
import type { Store } from "../contract/store.ts";
import type { TableContext } from "./table-context.ts";
import { tableIntake } from "./table-intake.ts";
import { tableLeases } from "./table-leases.ts";
import { tableLog } from "./table-log.ts";
import { tableOutbox } from "./table-outbox.ts";
import { tableQueries } from "./table-queries.ts";
import { tableRetention } from "./table-retention.ts";
import { tableWork } from "./table-work.ts";

/** Who watches a store, and how they are told. */
export interface Watchers {
  readonly watch: (listener: (hint: Hint) => void) => Disposable;
  /** Tells what was committed. Never throws: what a listener throws harms neither the commit nor the others. */
  readonly tell: (hints: readonly Hint[]) => void;
}

function tellOne(listener: (hint: Hint) => void, hint: Hint): void {
  try {
    listener(hint);
  } catch (error) {
    // A bug of the listener's: shown, but the change is committed, and its caller is not to think otherwise.
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

export function createWatchers(): Watchers {
  const listeners = new Set<(hint: Hint) => void>();
  return {
    watch: (listener) => {
      // A function may watch twice: each watch ends alone.
      const own = (hint: Hint): void => listener(hint);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    tell: (hints) => {
      for (const hint of hints) for (const listener of listeners) tellOne(listener, hint);
    },
  };
}

const noRoom = async (): Promise<boolean> => await Promise.resolve(false);

/**
 * A store over tables: all rules of the contract, for one process that owns its tables. What differs
 * between such stores is how a transaction is made (`context`), what is told after it, and its end.
 */
export function tableStore(parts: {
  readonly context: TableContext;
  readonly durable: boolean;
  readonly watch: Watchers["watch"];
  readonly close: () => Promise<void>;
  /** Gives freed room back, as `Retention.giveBack`. None: there is nothing to give. */
  readonly giveBack?: (limitBytes: number) => Promise<boolean>;
}): Store {
  const { context, durable, watch, close, giveBack } = parts;
  return {
    id: context.storeId,
    durable,
    intake: tableIntake(context),
    work: tableWork(context),
    log: tableLog(context, watch),
    outbox: tableOutbox(context),
    leases: tableLeases(context),
    queries: tableQueries(context),
    retention: tableRetention(context, giveBack ?? noRoom),
    [Symbol.asyncDispose]: close,
  };
}
