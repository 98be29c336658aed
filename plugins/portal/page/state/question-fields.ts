import type { Question } from "./wire.ts";

/** One thing that an `input` question wants to know. */
export interface QuestionField {
  /** Empty where the answer is one text. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly isSecret: boolean;
  readonly choices: readonly string[];
  readonly type: "text" | "number" | "boolean";
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const records = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter((one) => isRecord(one)) : [];

/** What a question asks for: its `questions`, the properties of its `form`, or one text. */
export function fieldsOf({
  details,
  title,
}: Pick<Question, "details" | "title">): readonly QuestionField[] {
  const questions = records(details["questions"]);
  if (questions.length > 0)
    return questions.map((question) => ({
      name: textOf(question["id"]),
      label: textOf(question["question"]),
      hint: "",
      isSecret: question["isSecret"] === true,
      choices: records(question["options"]).map(({ label }) => textOf(label)),
      type: "text",
    }));
  const form = details["form"];
  const properties = isRecord(form) && isRecord(form["properties"]) ? form["properties"] : {};
  const fields = Object.entries(properties).flatMap(([name, property]) =>
    isRecord(property) ? [formField(name, property)] : [],
  );
  if (fields.length > 0) return fields;
  return [{ name: "", label: title, hint: "", isSecret: false, choices: [], type: "text" }];
}

function formField(name: string, property: Readonly<Record<string, unknown>>): QuestionField {
  const { enum: choices, type } = property;
  return {
    name,
    label: textOf(property["title"]) || name,
    hint: textOf(property["description"]),
    isSecret: property["format"] === "password",
    choices: Array.isArray(choices) ? choices.map(String) : [],
    type:
      type === "boolean" ? "boolean" : type === "number" || type === "integer" ? "number" : "text",
  };
}

/** The content of an answer, from what was written into the fields; what was left empty is left out. */
export function contentOf(
  fields: readonly QuestionField[],
  values: ReadonlyMap<string, string>,
): string | Record<string, string | number | boolean> {
  const [only] = fields;
  if (only?.name === "") return values.get("") ?? "";
  const given = fields.flatMap(({ name, type }): [string, string | number | boolean][] => {
    const value = values.get(name) ?? "";
    if (type === "boolean") return [[name, value === "true"]];
    if (value === "") return [];
    return [[name, type === "number" ? Number(value) : value]];
  });
  return Object.fromEntries(given);
}
