import type { Room } from "@agent-bridge/core";

/** What keeps room for work under way. */
export interface Space {
  /** A change of this sort begins: it leaves alone what is kept for more urgent ones. */
  enter(room: Room): void;
  /** @returns false when new work is to be refused, before it meets a full disk */
  hasRoom(): boolean;
  /** A change of this sort met a full disk. @returns true when room was made: it may be tried again */
  giveBack(room: Room): boolean;
}
