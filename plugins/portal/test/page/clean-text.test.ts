import { expect, test } from "vitest";
import { cleanText, exactText, jsonText, oneLine } from "../../page/state/clean-text.ts";

test.for([
  ["colours", "\u001b[1;31mred\u001b[0m", "red"],
  ["colours of one byte", "\u009b31mred", "red"],
  ["titles", "\u001b]0;title\u0007text", "text"],
  ["links", "\u001b]8;;http://evil\u001b\\here\u001b]8;;\u001b\\", "here"],
  ["device strings", "\u001bPq#0\u001b\\text", "text"],
  ["a lone escape", "a\u001b", "a"],
  ["control characters", "a\u0000b\u0008c\u007fd\u0085e", "abcde"],
  ["turned directions", "a\u202eb\u2066c\u200fd", "abcd"],
  ["line ends", "a\r\nb\rc", "a\nbc"],
])("leaves out %s", ([, text, clean]) => {
  expect(cleanText(text as string)).toBe(clean);
});

test("keeps lines, tabs, other scripts and joined signs", () => {
  const text = "a\tb\nдом 家 👩‍💻";
  expect(cleanText(text)).toBe(text);
});

test("a text to decide on loses nothing: what is invisible has its name there", () => {
  expect(exactText("rm \u202e-rf\u200b /\u001b[2K\u{e0041}")).toBe(
    "rm ⟨U+202E⟩-rf⟨U+200B⟩ /⟨U+001B⟩[2K⟨U+E0041⟩",
  );
  expect(exactText("a\tb\nc")).toBe("a\tb\nc");
});

test("one line is short and has no line ends", () => {
  expect(oneLine("a\n  b\tc")).toBe("a b c");
  expect(oneLine("x".repeat(500), 10)).toBe(`${"x".repeat(9)}…`);
});

test("any JSON has a text", () => {
  expect(jsonText("plain")).toBe("plain");
  expect(jsonText({ a: 1 })).toBe('{\n  "a": 1\n}');
  expect(jsonText(undefined)).toBe("");
});

test("a long hostile text is cleaned in a time that grows with its length only", () => {
  const hostile = "\u001b]".repeat(200_000);
  expect(cleanText(hostile).length).toBeLessThan(hostile.length);
}, 5_000);
