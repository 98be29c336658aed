import { BridgeError } from "./errors.ts";

/**
 * A cursor is opaque to its holder. Inside: the store's id, a dot, and the position of the last event
 * that was read, in base 36. Position 0 stands before the first event.
 */
export function encodeCursor(storeId: string, position: number): string {
  return `${storeId}.${position.toString(36)}`;
}

const pattern = /^([a-z0-9]{1,64})\.(0|[1-9a-z][0-9a-z]{0,10})$/;

/**
 * Reads a cursor of this store. Whether it lies ahead of the head is for the store to say.
 *
 * @returns the position; 0 for no cursor
 * @throws BridgeError CURSOR_INVALID when it is not a cursor, CURSOR_FOREIGN when another store made it
 */
export function decodeCursor(storeId: string, cursor: string | null): number {
  if (cursor === null) return 0;
  const match = pattern.exec(cursor);
  const position = match === null ? Number.NaN : Number.parseInt(match[2] as string, 36);
  if (match === null || !Number.isSafeInteger(position)) {
    throw new BridgeError("CURSOR_INVALID", { cursor: cursor.slice(0, 100) });
  }
  if (match[1] !== storeId) throw new BridgeError("CURSOR_FOREIGN", { cursor });
  return position;
}
