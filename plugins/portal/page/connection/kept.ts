import type { Outgoing } from "../state/state.ts";

/** Where a task's shown window begins, so that a reload builds exactly this again. */
export interface KeptWindow {
  readonly after: string | null;
  readonly droppedCount: number;
  readonly attempt: number;
}

/** What a reload of this tab finds again. */
export interface Kept {
  readonly outbox: readonly Outgoing[];
  readonly newName: string | null;
  readonly draft: string;
  readonly windows: Readonly<Record<string, KeptWindow>>;
}

const name = "agent-bridge";
export const nothingKept: Kept = { outbox: [], newName: null, draft: "", windows: {} };

/** Reads what this tab kept. Something else under the name counts as nothing. */
export function readKept(storage: Pick<Storage, "getItem">): Kept {
  try {
    const kept: unknown = JSON.parse(storage.getItem(name) ?? "{}");
    return { ...nothingKept, ...(kept as Partial<Kept>) };
  } catch {
    // Storage may be forbidden; then a reload begins from what the bridge has.
    return nothingKept;
  }
}

/** Keeps it for this tab. Without storage, or with a full one, a reload only loses its place. */
export function writeKept(storage: Pick<Storage, "setItem">, kept: Kept): void {
  try {
    storage.setItem(name, JSON.stringify(kept));
  } catch {
    // As above: what matters stands in the bridge.
  }
}
