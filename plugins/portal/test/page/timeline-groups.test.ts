import { expect, test } from "vitest";
import { failuresIn, groupText, groupTimeline } from "../../page/state/timeline-groups.ts";
import { emptyTimeline, fold } from "../../page/state/timeline.ts";
import { call, eventsOf, result, thought, whole } from "./events.ts";

const items = eventsOf(
  thought("hm"),
  call("1"),
  result("1", "no", "error"),
  call("2"),
  whole("I go on."),
  ["turn.notice", { level: "warning", text: "careful" }],
  ["turn.file_change", { path: "a.ts", change: "add" }],
).reduce((timeline, event) => fold(timeline, event, null), emptyTimeline).items;

test("steps that follow one another are a group; what everyone has to see stands alone", () => {
  const groups = groupTimeline(items);
  expect(
    groups.map((group) => (group.type === "steps" ? group.items.length : group.item.type)),
  ).toEqual([3, "text", "notice", 1]);
  expect(groups.map(({ key }) => key)).toEqual([1, 5, 6, 7]);
});

test("a group tells in words what it holds, and what of it failed", () => {
  const [steps] = groupTimeline(items);
  const inside = steps?.type === "steps" ? steps.items : [];
  expect(groupText(inside)).toBe("2 tool calls, 1 thought");
  expect(failuresIn(inside)).toBe(1);
});

test("a group that grows keeps its key", () => {
  const before = groupTimeline(items.slice(0, 1));
  expect(before[0]?.key).toBe(groupTimeline(items)[0]?.key);
});
