import { oneLine } from "./clean-text.ts";
import type { Conversation } from "./wire.ts";

/** The name of a conversation that begins with this message; the mark keeps it apart from others. */
export function nameFor(message: string, mark: string): string {
  return `${shortened(message) || "Conversation"} · ${mark}`;
}

/** The beginning of a text, that ends with a word. */
function shortened(text: string): string {
  const line = oneLine(text, 80);
  const end = line.lastIndexOf(" ");
  return line.endsWith("…") && end > 40 ? `${line.slice(0, end)}…` : line;
}

const mark = / · [a-z0-9]{6}$/;

/** How a conversation is shown: by its name, else by what was last asked there. */
export function titleOf(
  { id, name, channel }: Pick<Conversation, "id" | "name" | "channel">,
  lastPrompt: string | undefined,
): string {
  if (channel !== null) return oneLine(`${channel}: ${name}`, 90);
  if (name.startsWith("name:")) return oneLine(name.slice("name:".length).replace(mark, ""), 90);
  return oneLine(lastPrompt ?? "", 90) || `Conversation ${id.slice(-6)}`;
}
