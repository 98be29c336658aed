import type { Leases } from "../contract/store.ts";
import { isSameWorker } from "./rules.ts";
import type { TableContext } from "./table-context.ts";

/** Named leases, over tables. */
export function tableLeases({ tables, clock, write }: TableContext): Leases {
  return {
    acquire: async (name, worker, leaseMs) =>
      await write(() => {
        const found = tables.leases.find(name);
        const time = clock.steady();
        if (found !== undefined && found.until > time && !isSameWorker(found.worker, worker))
          return false;
        tables.leases.save({ name, worker, until: time + leaseMs });
        return true;
      }),
    renew: async (name, worker, leaseMs) =>
      await write(() => {
        const found = tables.leases.find(name);
        if (found === undefined || !isSameWorker(found.worker, worker)) return false;
        tables.leases.save({ name, worker, until: clock.steady() + leaseMs });
        return true;
      }),
    release: async (name, worker) =>
      await write(() => {
        const found = tables.leases.find(name);
        if (found !== undefined && isSameWorker(found.worker, worker)) tables.leases.remove(name);
      }),
  };
}
