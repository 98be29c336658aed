/*
 * Agents' texts are data. Two ways to show them: `cleanText` for reading, where what only a terminal understands is
 * left out, and `exactText` for what a person decides on, where everything invisible is made visible.
 */

const escapeSequences =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u001b\u009b](?:\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|[PX^_][^\u001b\u009c]*(?:\u001b\\|\u009c)?|\[?[0-?]*[ -/]*[@-~])?/g;

const controls =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** What turns the direction of reading around, so that a text reads as another than it is. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const invisible =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A text for reading: without terminal sequences, control characters and marks of direction. */
export function cleanText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(escapeSequences, "")
    .replaceAll(controls, "")
    .replaceAll(directions, "");
}

/** A text with a name in the place of everything that could not be seen. */
export function exactText(text: string): string {
  return text.replaceAll(invisible, (found) => {
    const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `⟨U+${code}⟩`;
  });
}

/** Any JSON as text: a text as it is, everything else indented. */
export function jsonText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** One line of at most so many characters. */
export function oneLine(text: string, length = 120): string {
  const line = cleanText(text.slice(0, length * 4))
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
