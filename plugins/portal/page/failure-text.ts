import { LineLost } from "./connection/line.ts";

/** What to tell a person of what went wrong; null for a lost line, which shows by itself. */
export function failureText(error: unknown): string | null {
  if (error instanceof LineLost) return null;
  return error instanceof Error ? error.message : String(error);
}
