import type { DatabaseSync } from "node:sqlite";
import type { Room } from "@agent-bridge/core";

/**
 * The parts of a limited file that are kept free: from new work for what is under way, and from what is
 * under way for its end. A part of the pages, but at most so many.
 */
const reserves = {
  new: { share: 1 / 4, mostPages: 4_096 },
  running: { share: 1 / 8, mostPages: 2_048 },
  end: { share: 0, mostPages: 0 },
} as const satisfies Record<Room, { share: number; mostPages: number }>;

/** Sets how many pages the file may have for a change. Without a limit of its own the disk is the limit. */
export function pageLimit(db: DatabaseSync, maxPages: number | undefined): (room: Room) => void {
  let set = 0;
  return (room) => {
    if (maxPages === undefined) return;
    const { share, mostPages } = reserves[room];
    const pages = Math.max(1, maxPages - Math.min(Math.floor(maxPages * share), mostPages));
    if (pages === set) return;
    db.exec(`PRAGMA max_page_count = ${pages}`);
    set = pages;
  };
}
