import type * as z from "zod";
import { nearest } from "./nearest.ts";

type Issue = z.core.$ZodRawIssue;
type Sentence<Code extends Issue["code"]> = (
  issue: Extract<z.core.$ZodIssue, { code: Code }> & { readonly input?: unknown },
) => string | undefined;

/** What people call a type of zod's. */
const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
  url: "an address (URL)",
};

const named = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** What a value is, without saying it: it may be a secret. */
function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeNames[typeof value] ?? `a ${typeof value}`;
}

function mustBe(wanted: string, input: unknown): string {
  return input === undefined
    ? `is missing: it must be ${wanted}.`
    : `must be ${wanted}, not ${typeOf(input)}.`;
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const wanted = values.map(named).join(", ");
  const must = `must be ${values.length > 1 ? "one of " : ""}${wanted}.`;
  if (input === undefined) return `is missing: it ${must}`;
  const texts = values.filter((value) => typeof value === "string");
  const meant = typeof input === "string" ? nearest(input, texts) : undefined;
  return meant === undefined ? must : `${must} Did you mean "${meant}"?`;
}

/** Each alternative that a value could have been, where its type alone is what is wrong. */
function wantedOf({ code, ...issue }: z.core.$ZodIssue): readonly string[] {
  if (issue.path.length > 0) return [];
  if (code === "invalid_value" && "values" in issue) return issue.values.map(named);
  if (code === "invalid_type" && "expected" in issue)
    return [typeNames[issue.expected] ?? issue.expected];
  return [];
}

function sizeOf(
  origin: string,
  bound: { readonly word: string; readonly exact: string; readonly limit: unknown },
): string {
  const { word, exact, limit } = bound;
  if (origin === "string") return `must have ${word} ${named(limit)} characters.`;
  if (origin === "array" || origin === "set") return `must have ${word} ${named(limit)} entries.`;
  return `must be ${exact} ${String(limit)}.`;
}

/** A sentence for each thing that a schema can find; undefined where the schema's own words are to stand. */
const sentences: { readonly [Code in Issue["code"]]?: Sentence<Code> } = {
  invalid_type: ({ expected, input }) => mustBe(typeNames[expected] ?? expected, input),
  invalid_value: ({ values, input }) => oneOf(values, input),
  invalid_union: ({ errors, input, ...issue }) => {
    if ("discriminator" in issue && "options" in issue) {
      const given = (input as Record<string, unknown>)[String(issue.discriminator)];
      return oneOf(issue.options, given);
    }
    const wanted = errors.flatMap(([first]) => (first === undefined ? [] : wantedOf(first)));
    return wanted.length === 0 ? "is not valid." : mustBe(wanted.join(" or "), input);
  },
  too_small: ({ origin, minimum, inclusive }) => {
    if (origin === "string" && Number(minimum) === 1) return "must not be empty.";
    const exact = inclusive === false ? "more than" : "at least";
    return sizeOf(origin, { word: "at least", exact, limit: minimum });
  },
  too_big: ({ origin, maximum, inclusive }) => {
    const exact = inclusive === false ? "less than" : "at most";
    return sizeOf(origin, { word: "at most", exact, limit: maximum });
  },
  invalid_format: ({ format }) =>
    format === "regex"
      ? "does not have the right form."
      : `must be ${typeNames[format] ?? format}.`,
  not_multiple_of: ({ divisor }) => `must be a multiple of ${divisor}.`,
  invalid_key: ({ issues }) =>
    `is not a key that can be used: it ${issues[0]?.message ?? "is not valid."}`,
};

/** Says in the house's words what a schema of the configuration found, where its author wrote none. */
const houseSentence: z.core.$ZodErrorMap = (issue) => {
  const sentence = sentences[issue.code] as ((issue: Issue) => string | undefined) | undefined;
  return sentence?.(issue);
};

/** Checks a value of the configuration. What it finds is told in the house's words. */
export function checkValue<S extends z.ZodType>(
  schema: S,
  value: unknown,
): z.ZodSafeParseResult<z.output<S>> {
  return schema.safeParse(value, { error: houseSentence });
}
