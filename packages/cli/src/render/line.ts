/** How a line is meant; a terminal shows it in colour, anything else as it is. */
export type Tone = "normal" | "quiet" | "strong" | "good" | "bad";

/** A line for people, free of control characters. */
export interface Line {
  readonly tone: Tone;
  readonly text: string;
}

const codes: Readonly<Record<Tone, string>> = {
  normal: "",
  quiet: "\u001b[2m",
  strong: "\u001b[1m",
  good: "\u001b[32m",
  bad: "\u001b[31m",
};

/** The line as text, in its colour where that is wanted. */
export function paint({ tone, text }: Line, isColoured: boolean): string {
  return isColoured && codes[tone] !== "" ? `${codes[tone]}${text}\u001b[0m` : text;
}
