/** How bad a finding is. Only a `problem` keeps the bridge from working. */
export type FindingLevel = "ok" | "warn" | "problem";

/** What a check found: one sentence, and where something is wrong one command that mends it. */
export interface HealthFinding {
  readonly level: FindingLevel;
  readonly text: string;
  /** For a shell; null where nothing is wrong. */
  readonly mend: string | null;
}

export const ok = (text: string): HealthFinding => ({ level: "ok", text, mend: null });

export const warn = (text: string, mend: string): HealthFinding => ({ level: "warn", text, mend });

export const problem = (text: string, mend: string): HealthFinding => ({
  level: "problem",
  text,
  mend,
});

/** A word of a command, quoted where a shell would read it otherwise. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that opens a file in the person's editor, at a line. */
export function editCommand(file: string, place: { readonly line: number } | null = null): string {
  // oxlint-disable-next-line no-template-curly-in-string -- the shell's
  const editor = '"${EDITOR:-vi}"';
  return `${editor} ${place === null ? "" : `+${place.line} `}${shellWord(file)}`;
}
