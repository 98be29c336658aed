import { createHash } from "node:crypto";
import type { Json } from "@agent-bridge/core";

/**
 * A name as a column holds it. PostgreSQL's text has no NUL, and UTF-8 no lone surrogates; such names, and what
 * looks like it, become JSON, which escapes both. Bodies are JSON anyway: as text, because `jsonb` refuses
 * a NUL that is escaped.
 */
export function exact(text: string): string {
  return text.isWellFormed() && !text.startsWith('"') && !text.includes("\0")
    ? text
    : JSON.stringify(text);
}

/** A column that stands for texts from outside, which may be longer than an index takes. */
export function digest(...parts: readonly Json[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
