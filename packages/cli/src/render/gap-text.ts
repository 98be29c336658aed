import type { ChannelStatus } from "@agent-bridge/core";
import { plainLine } from "./plain-text.ts";

/** The longest notice of a gap, in characters. */
const maxLength = 300;

/** A channel's own notice that messages may be missing, in one line; null where it gives none. */
export function gapText({ details }: Pick<ChannelStatus, "details">): string | null {
  const gap = details?.["gap"] ?? null;
  if (gap === null || gap === false) return null;
  return plainLine(`messages may have been missed: ${wordsOf(gap)}`, maxLength);
}

function wordsOf(gap: unknown): string {
  if (typeof gap === "string") return gap;
  const { from, until } = gap as { readonly from?: unknown; readonly until?: unknown };
  const isSpan = typeof from === "string" && typeof until === "string";
  return isSpan ? `${from} to ${until}` : JSON.stringify(gap);
}
