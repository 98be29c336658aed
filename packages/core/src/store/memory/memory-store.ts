import type { Clock, Random } from "../../contract/clock.ts";
import { newId } from "../../contract/clock.ts";
import { BridgeError } from "../../contract/errors.ts";
import type { Hint } from "../../contract/log.ts";
import type { Store } from "../../contract/store.ts";
import type { TableContext } from "../table-context.ts";
import { createWatchers, tableStore } from "../table-store.ts";
import { memoryTables } from "./memory-tables.ts";

/**
 * A store whose contents end with the process (`durable: false`): for tests, trials, and `--ephemeral`.
 * Every operation is one synchronous step, whose conditions are checked before its first change.
 */
export function memoryStore(options: { readonly clock: Clock; readonly random: Random }): Store {
  const { clock, random } = options;
  const watchers = createWatchers();
  let isClosed = false;
  const checkOpen = (): void => {
    if (isClosed) throw new BridgeError("STORE_CLOSED", {});
  };
  const context: TableContext = {
    storeId: newId("memory", random).replace("_", ""),
    tables: memoryTables(),
    clock,
    random,
    write: async (change) => {
      checkOpen();
      const hints: Hint[] = [];
      // A copy, as what was given is one: a caller can change nothing that is stored.
      const result = structuredClone(change(hints));
      await Promise.resolve();
      watchers.tell(hints);
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
  return tableStore({ context, durable: false, watch: watchers.watch, close });
}
