import { expect, test } from "vitest";
import { agoText, countText, cutText, durationText, inputText } from "../../page/state/format.ts";

test.for([
  [-5, "0 s"],
  [8_999, "8 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [200_000_000, "2 days"],
] as const)("%d ms are %s", ([ms, text]) => expect(durationText(ms)).toBe(text));

test.for([
  [950, "950"],
  [12_345, "12.3k"],
  [99_999, "100k"],
  [2_000_000, "2M"],
] as const)("%d are %s", ([count, text]) => expect(countText(count)).toBe(text));

test("how long ago is told roughly", () => {
  const at = "2026-01-01T00:00:00.000Z";
  const after = (minutes: number): string => agoText(at, Date.parse(at) + minutes * 60_000);
  expect([0, 5, 130, 1_500, 5_000].map(after)).toEqual([
    "just now",
    "5 min",
    "2 h",
    "1 day",
    "3 days",
  ]);
});

test("a long text is cut at lines, and tells how many more there are", () => {
  const limits = { lines: 2, characters: 100 };
  expect(cutText("a\nb", limits)).toEqual({ shown: "a\nb", moreLines: 0, isCut: false });
  expect(cutText("a\nb\nc\nd", limits)).toEqual({ shown: "a\nb", moreLines: 2, isCut: true });
  const { shown, isCut } = cutText("x".repeat(500), limits);
  expect([shown.length, isCut]).toEqual([100, true]);
});

test.for([
  [{ cwd: "/", command: "ls -l" }, "ls -l"],
  [{ command: ["ls", "-l"] }, "ls -l"],
  [{ arguments: { path: "a.ts" } }, "a.ts"],
  [{ other: 1 }, '{"other":1}'],
  [{}, ""],
  ["text", "text"],
  [null, ""],
] as const)("what a call does is told in a few words: %j", ([input, text]) => {
  expect(inputText(input)).toBe(text);
});
