import type { DatabaseSync } from "node:sqlite";
import type { Room } from "@agent-bridge/core";
import type { Space } from "./space.ts";

/**
 * The parts of a limited file that are kept free: from new work for what is under way, and from what is
 * under way for its end. A part of the pages, but at most so many.
 */
const reserves = {
  new: { share: 1 / 4, mostPages: 4_096 },
  running: { share: 1 / 8, mostPages: 2_048 },
  end: { share: 0, mostPages: 0 },
} as const satisfies Record<Room, { share: number; mostPages: number }>;

/** Space in a file of so many pages at most. What has no room is refused by SQLite. */
export function pageLimit(db: DatabaseSync, maxPages: number): Space {
  let set = 0;
  return {
    enter: (room) => {
      const { share, mostPages } = reserves[room];
      const pages = Math.max(1, maxPages - Math.min(Math.floor(maxPages * share), mostPages));
      if (pages === set) return;
      db.exec(`PRAGMA max_page_count = ${pages}`);
      set = pages;
    },
    hasRoom: () => true,
    giveBack: () => false,
  };
}
