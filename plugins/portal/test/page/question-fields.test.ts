import { expect, test } from "vitest";
import { contentOf, fieldsOf } from "../../page/state/question-fields.ts";

test("each of several questions is a field, answered under its id", () => {
  const fields = fieldsOf({
    title: "Two things",
    details: {
      questions: [
        { id: "a", question: "Which?", options: [{ label: "x", description: "" }] },
        { id: "b", question: "Secret?", isSecret: true },
      ],
    },
  });
  expect(fields).toMatchObject([{ choices: ["x"] }, { isSecret: true, label: "Secret?" }]);
  expect(contentOf(fields, new Map([["a", "x"]]))).toEqual({ a: "x" });
});

test("a form's properties are fields of their types", () => {
  const properties = {
    n: { type: "integer", title: "Count" },
    yes: { type: "boolean" },
    one: { type: "string", enum: ["p", "q"], description: "pick" },
  };
  const fields = fieldsOf({ title: "Form", details: { form: { type: "object", properties } } });
  expect(fields.map(({ label, type, choices }) => [label, type, choices])).toEqual([
    ["Count", "number", []],
    ["yes", "boolean", []],
    ["one", "text", ["p", "q"]],
  ]);
  expect(
    contentOf(
      fields,
      new Map([
        ["n", "3"],
        ["yes", "true"],
        ["one", "q"],
      ]),
    ),
  ).toEqual({
    n: 3,
    yes: true,
    one: "q",
  });
});

test("what asks for nothing in particular is answered with a text", () => {
  const fields = fieldsOf({ title: "How?", details: {} });
  expect(fields).toHaveLength(1);
  expect(contentOf(fields, new Map([["", "so"]]))).toBe("so");
});
