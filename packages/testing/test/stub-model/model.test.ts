import { describe, expect, test } from "vitest";
import { createModel } from "../../src/stub-model/model.ts";
import type { Prompt } from "../../src/stub-model/model.ts";

const prompt = (text: string, rest: Partial<Prompt> = {}): Prompt => ({
  conversation: "",
  users: [text],
  toolOutputs: [],
  ...rest,
});

describe("createModel", () => {
  test("without a directive it echoes the last user text and counts the user messages", () => {
    const step = createModel().next(prompt("", { users: ["first", "second"] }));
    expect(step.say).toEqual(["echo: second (user messages seen: 2)"]);
  });

  test("each tool output since the last user message takes it one call further", () => {
    const model = createModel();
    const text = "[[shell one]] [[shell two]] [[say end]]";
    const commands = [[], ["1"], ["1", "2"]].map(
      (toolOutputs) => model.next(prompt(text, { toolOutputs })).ending,
    );
    expect(commands).toMatchObject([
      { request: { command: "one" } },
      { request: { command: "two" } },
      { end: "message" },
    ]);
  });

  test("when no directive is left it says what the last tool answered", () => {
    const step = createModel().next(prompt("[[shell ls]]", { toolOutputs: ["a.txt\n"] }));
    expect(step).toMatchObject({ say: ["The tool answered: a.txt"], ending: { end: "message" } });
  });

  test("only the last user message directs", () => {
    const step = createModel().next(prompt("", { users: ["[[hang]]", "hello"] }));
    expect(step.ending).toEqual({ end: "message" });
  });

  test("a limited failure is given so often and then passed over", () => {
    const model = createModel();
    const ends = [1, 2, 3, 4].map(() => model.next(prompt("[[http 500 x2]] [[say ok]]")));
    expect(ends.map((step) => step.ending.end)).toEqual(["http", "http", "message", "message"]);
    expect(ends.at(-1)?.say).toEqual(["ok"]);
    const alone = [1, 2].map(() => model.next(prompt("[[cut x1]]")));
    expect(alone.at(-1)?.say).toEqual(["Recovered after 1 failures."]);
  });

  test("a failure without a limit is given for ever", () => {
    const model = createModel();
    const ends = [1, 2, 3].map(() => model.next(prompt("[[fail boom]]")).ending.end);
    expect(ends).toEqual(["fail", "fail", "fail"]);
  });

  test("conversations with the same text fail each on their own account", () => {
    const model = createModel();
    const next = (conversation: string): string =>
      model.next(prompt("[[http 500 x1]]", { conversation })).ending.end;
    expect([next("a"), next("b"), next("a"), next("b")]).toEqual([
      "http",
      "http",
      "message",
      "message",
    ]);
  });
});
