import { expect, test } from "vitest";
import { gapText } from "../src/render/gap-text.ts";

test("a channel without a notice of a gap has no line for it", () => {
  for (const details of [null, {}, { gap: null }]) expect(gapText({ details })).toBeNull();
});

test("a gap is one line that says from when to when messages may have been missed", () => {
  const gap = { from: "2026-01-01T00:00:00.000Z", until: "2026-01-03T00:00:00.000Z" };
  expect(gapText({ details: { gap: { ...gap, notedAt: gap.until } } })).toBe(
    "messages may have been missed: 2026-01-01T00:00:00.000Z to 2026-01-03T00:00:00.000Z",
  );
});

test("a gap of another shape is shown as it is, without what would steer the terminal", () => {
  const steering = "\u001b[2J\u001b]0;title\u0007since\r\n\u202eyesterday";
  for (const gap of [steering, { from: steering }, { from: steering, until: steering }]) {
    const text = gapText({ details: { gap } });
    expect(text).toMatch(/since.*yesterday/);
    // oxlint-disable-next-line no-control-regex -- they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  expect(gapText({ details: { gap: "x".repeat(10_000) } })?.length).toBeLessThanOrEqual(300);
});
