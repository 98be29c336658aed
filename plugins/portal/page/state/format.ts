/** A span of time, short: `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** How long ago, for lists: `just now`, `5 min`, `3 h`, `2 days`. */
export function agoText(at: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** A number of tokens, short: `950`, `12.3k`, `1.2M`. */
export function countText(count: number): string {
  if (count < 1_000) return String(count);
  const [value, unit] = count < 1_000_000 ? [count / 1_000, "k"] : [count / 1_000_000, "M"];
  return `${value < 100 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`;
}

/** The first lines of a text that is long, and how much is left out. */
export function cutText(
  text: string,
  limits: { readonly lines: number; readonly characters: number },
): { readonly shown: string; readonly moreLines: number; readonly isCut: boolean } {
  let end = 0;
  for (let line = 0; line < limits.lines; line++) {
    const next = text.indexOf("\n", end);
    if (next === -1) {
      end = text.length;
      break;
    }
    end = next + 1;
  }
  end = Math.min(end, limits.characters);
  if (end >= text.length) return { shown: text, moreLines: 0, isCut: false };
  const shown = text.slice(0, end).replace(/\n$/, "");
  let moreLines = 0;
  for (let place = end; place !== -1 && place < text.length;) {
    moreLines++;
    const next = text.indexOf("\n", place);
    place = next === -1 ? -1 : next + 1;
  }
  return { shown, moreLines, isCut: true };
}

/** The names of an input that say best what a call does, in this order. */
const telling = [
  "command",
  "cmd",
  "path",
  "file_path",
  "query",
  "url",
  "pattern",
  "prompt",
  "text",
];

/** What a tool is called with, in a few words. */
export function inputText(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input !== "object" || input === null) return "";
  const values = new Map(Object.entries(input));
  const inner = values.get("arguments");
  if (values.size === 1 && typeof inner === "object" && inner !== null) return inputText(inner);
  for (const name of telling) {
    const value = values.get(name);
    if (typeof value === "string" && value !== "") return value;
    if (Array.isArray(value)) return value.map(String).join(" ");
  }
  return values.size === 0 ? "" : JSON.stringify(input);
}
