import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "@agent-bridge/core";

/** How far the noted time may lag behind. */
const notedEveryMs = 1_000;

/**
 * The clock of a store in a file. A process begins its steady scale near the wall clock, which may have been
 * set back since the last one: what the file says to wait for would wait as long. So the store's scale
 * never begins before the time that was noted last.
 */
export function storeTime(
  db: DatabaseSync,
  clock: Clock,
): { readonly clock: Clock; readonly note: () => void } {
  const stored = db.prepare("SELECT value FROM meta WHERE name = 'steady'").get();
  const save = db.prepare(
    "INSERT INTO meta VALUES ('steady', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  let noted = Number(stored?.["value"] ?? 0);
  const ahead = Math.max(0, noted - clock.steady());
  const steady = (): number => clock.steady() + ahead;
  return {
    clock: {
      now: () => clock.now(),
      steady,
      sleep: async (ms, signal) => await clock.sleep(ms, signal),
      timer: (ms, callback) => clock.timer(ms, callback),
    },
    note: () => {
      const time = steady();
      if (time - noted < notedEveryMs) return;
      save.run(String(time));
      noted = time;
    },
  };
}
