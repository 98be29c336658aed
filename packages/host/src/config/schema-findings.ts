import type * as z from "zod";
import { formatPath, type Finding } from "./finding.ts";
import type { JsonDocument } from "./json-document.ts";
import { knownKeys } from "./known-keys.ts";
import { nearest } from "./nearest.ts";

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/**
 * Tells what a schema found wrong, each with its path and place.
 *
 * @param at where in the document the checked value stands
 */
export function schemaFindings(
  error: z.ZodError,
  checked: { readonly schema: z.ZodType; readonly document: JsonDocument; readonly at: Path },
): readonly Finding[] {
  return error.issues.flatMap(innermost).flatMap((issue) => {
    const inner = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
    const path = [...checked.at, ...inner];
    const find = (place: Path, message: string): Finding => ({
      path: formatPath(place),
      place: checked.document.placeOf(place),
      message,
    });
    if (issue.code !== "unrecognized_keys") return [find(path, sentence(issue.message))];
    const known = knownKeys(checked.schema, inner);
    return issue.keys.map((key) => find([...path, key], unknownKey(key, known)));
  });
}

/** Of alternatives, the one that was meant: its type is right, and what is wrong lies inside of it. */
function innermost(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((branch) => branch.some(({ path }) => path.length > 0));
  if (meant === undefined) return [issue];
  return meant
    .map((inner): Issue => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap(innermost);
}

/** What to say of a key that is not known, with the nearest known one. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined) return `is not a known key. Did you mean "${meant}"?`;
  return known.length === 0
    ? "is not a known key."
    : `is not a known key. Known keys: ${known.join(", ")}.`;
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
