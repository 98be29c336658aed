import { expect, test } from "vitest";
import { readBlocks, readInline } from "../../page/state/markdown.ts";

test("reads headings, paragraphs, lists, quotes, tables, rules and code", () => {
  const blocks = readBlocks(
    "# Title\n\nOne\ntwo\n- a\n  1. b\n- c\n  goes on\n\n> said\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n---\n```ts\nconst a = 1;\n\n# no heading\n```\nend",
  );
  expect(blocks).toEqual([
    { type: "heading", level: 1, text: "Title" },
    { type: "paragraph", text: "One\ntwo" },
    {
      type: "list",
      items: [
        { depth: 0, number: null, text: "a" },
        { depth: 1, number: "1.", text: "b" },
        { depth: 0, number: null, text: "c\ngoes on" },
      ],
    },
    { type: "quote", text: "said" },
    {
      type: "table",
      rows: [
        ["x", "y"],
        ["1", "2"],
      ],
    },
    { type: "rule" },
    { type: "code", language: "ts", text: "const a = 1;\n\n# no heading" },
    { type: "paragraph", text: "end" },
  ]);
});

test("a code block that has not ended yet goes to the end", () => {
  expect(readBlocks("```\nhalf")).toEqual([{ type: "code", language: "", text: "half" }]);
});

test("reads code, strong, emphasis and links to the web", () => {
  expect(readInline("a `b*c*` **d `e`** _f_ [g](https://h.example/i) https://j.example/")).toEqual([
    { type: "text", text: "a " },
    { type: "code", text: "b*c*" },
    { type: "text", text: " " },
    {
      type: "strong",
      children: [
        { type: "text", text: "d " },
        { type: "code", text: "e" },
      ],
    },
    { type: "text", text: " " },
    { type: "emphasis", children: [{ type: "text", text: "f" }] },
    { type: "text", text: " " },
    { type: "link", url: "https://h.example/i", text: "g" },
    { type: "text", text: " " },
    { type: "link", url: "https://j.example/", text: "https://j.example/" },
  ]);
});

test.for([
  "[a](javascript:alert(1))",
  "[a](data:text/html,x)",
  "[a](//evil.example)",
  "<a href='x'>text</a>",
  "snake_case_name and 2 * 3 * 4",
  "![image](file:///etc/passwd)",
])("leaves as text what it does not know: %s", (text) => {
  const links = readInline(text).filter((part) => part.type === "link" && part.text !== part.url);
  expect(links).toEqual([]);
  expect(readInline(text).some(({ type }) => type === "emphasis")).toBe(false);
});

test("nothing of a text is lost between its parts", () => {
  const text = "x **bold** `code` plain ** not * bold";
  const textOf = (parts: ReturnType<typeof readInline>): string =>
    parts.map((part) => ("children" in part ? textOf(part.children) : part.text)).join("");
  expect(textOf(readInline(text))).toBe("x bold code plain ** not * bold");
});

test.for([
  ["stars", "*".repeat(50_000)],
  ["brackets", "[".repeat(50_000)],
  ["ticks", "`".repeat(50_001)],
  ["pipes", `${"|".repeat(20_000)}\n${"|-".repeat(20_000)}`],
  ["quotes", "> ".repeat(20_000)],
  ["rules", `${"* ".repeat(20_000)}x`],
  ["list marks", "- ".repeat(20_000)],
])("reads %s without end in bounded time", { timeout: 5_000 }, ([, text]) => {
  for (const block of readBlocks(text as string)) if ("text" in block) readInline(block.text);
});
