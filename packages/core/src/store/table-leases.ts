import type { Leases } from "../contract/store.ts";
import { isSameWorker } from "./rules.ts";
import type { TableContext } from "./table-context.ts";

/** Named leases, over tables. */
export function tableLeases(context: TableContext): Leases {
  const { tables, clock } = context;
  return {
    acquire: async (name, { node, boot }, leaseMs) =>
      await context.write(() => {
        const worker = { node, boot };
        const found = tables.leases.find(name);
        const time = clock.steady();
        if (found !== undefined && found.until > time && !isSameWorker(found.worker, worker))
          return false;
        tables.leases.save({ name, worker, until: time + leaseMs });
        return true;
      }),
    renew: async (name, { node, boot }, leaseMs) =>
      await context.write(() => {
        const worker = { node, boot };
        const found = tables.leases.find(name);
        if (found === undefined || !isSameWorker(found.worker, worker)) return false;
        tables.leases.save({ name, worker, until: clock.steady() + leaseMs });
        return true;
      }),
    release: async (name, { node, boot }) =>
      await context.write(() => {
        const found = tables.leases.find(name);
        if (found !== undefined && isSameWorker(found.worker, { node, boot }))
          tables.leases.remove(name);
      }),
  };
}
