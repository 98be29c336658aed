import { describe, expect, test } from "vitest";
import { readDirectives } from "../../src/stub-model/directives.ts";

describe("readDirectives", () => {
  test("each ending closes one model call, with what was thought and said before it", () => {
    const prompt = "please [[think why]] [[say look]] [[slow 7]] [[shell ls -l]] and [[say done]]";
    expect(readDirectives(prompt)).toEqual([
      {
        think: ["why"],
        say: ["look"],
        slowMs: 7,
        ending: { end: "call", request: { tool: "shell", command: "ls -l" } },
      },
      { think: [], say: ["done"], slowMs: 0, ending: { end: "message" } },
    ]);
  });

  test.each([
    ["[[http 503]]", { end: "http", status: 503 }],
    ["[[http 500 x2]]", { end: "http", status: 500, times: 2 }],
    ["[[cut]]", { end: "cut" }],
    ["[[cut x1]]", { end: "cut", times: 1 }],
    ["[[hang]]", { end: "hang" }],
    ["[[silent x3]]", { end: "silent", times: 3 }],
    ["[[fail rate_limit_exceeded]]", { end: "fail", code: "rate_limit_exceeded" }],
    ["[[fail x1]]", { end: "fail", code: "server_error", times: 1 }],
    ["[[patch]]", { end: "call", request: { tool: "patch", file: "stub-patch.txt" } }],
    ["[[patch a/b.txt]]", { end: "call", request: { tool: "patch", file: "a/b.txt" } }],
    [
      '[[tool look {"at":[[1,[2]]]}]]',
      { end: "call", request: { tool: "named", name: "look", input: { at: [[1, [2]]] } } },
    ],
    [
      "[[shell if [[ -f a ]]; then b; fi]]",
      { end: "call", request: { tool: "shell", command: "if [[ -f a ]]; then b; fi" } },
    ],
    ["[[shell echo [ ]]", { end: "call", request: { tool: "shell", command: "echo [" } }],
    ["[[tool look]]", { end: "call", request: { tool: "named", name: "look", input: {} } }],
  ])("%s ends a call as the table says", (prompt, ending) => {
    expect(readDirectives(prompt).map((step) => step.ending)).toEqual([ending]);
  });

  test("a quoted line directs nothing, so a message may quote an older request", () => {
    const prompt = "Go on with this:\n> [[shell rm -r x]]\n> [[hang]]\n[[say resumed]]";
    expect(readDirectives(prompt)).toEqual([
      { think: [], say: ["resumed"], slowMs: 0, ending: { end: "message" } },
    ]);
    expect(readDirectives("> [[say no]]")).toEqual([]);
  });

  test("names that are not in the table are ordinary text", () => {
    expect(readDirectives("[[wiki]] [[constructor x]] [[toString]] [ [say x]]")).toEqual([]);
  });

  test("a command may have several lines", () => {
    const [step] = readDirectives("[[shell echo a\necho b]]");
    expect(step?.ending).toMatchObject({ request: { command: "echo a\necho b" } });
  });

  test.each(["[[tool look {bad]]", "[[tool look [1]]]", '[[tool look "text"]]'])(
    "%s is refused, since a tool takes a JSON object",
    (prompt) => {
      expect(() => readDirectives(prompt)).toThrow(SyntaxError);
    },
  );
});
