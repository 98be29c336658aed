/**
 * What a terminal would obey instead of show: escape sequences whole (CSI, OSC and the other strings,
 * two-letter ones), then the control characters that are left, but for tab and line end, and the
 * marks that turn the writing direction (which make text read other than it is).
 */
const sequences =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /(?:\u001b\[|\u009b)[\u0020-\u003f]*[\u0040-\u007e]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[\u0020-\u002f]*[\u0030-\u007e]/g;
const controls =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of an agent or a platform as a terminal may be given it. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(sequences, "").replace(controls, "");
}

/** The same in one line, cut with a mark where it is longer. */
export function plainLine(text: string, maxLength = 120): string {
  const line = plainText(text).replaceAll(/\s+/g, " ").trim();
  const letters = Array.from(line);
  return letters.length <= maxLength ? line : `${letters.slice(0, maxLength - 1).join("")}…`;
}
