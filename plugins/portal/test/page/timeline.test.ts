import { expect, test } from "vitest";
import { emptyTimeline, fold, type TimelineItem } from "../../page/state/timeline.ts";
import { call, delta, eventsOf, result, started, thought, whole, type Step } from "./events.ts";

function itemsOf(...steps: readonly Step[]): readonly TimelineItem[] {
  let before: string | null = null;
  let timeline = emptyTimeline;
  for (const event of eventsOf(...steps)) {
    timeline = fold(timeline, event, before);
    before = event.cursor;
  }
  return timeline.items;
}

const texts = (items: readonly TimelineItem[]): readonly string[] =>
  items.flatMap((item) => ("text" in item ? [item.text] : []));

test("deltas grow one text, and the whole text stands in the place of all of them", () => {
  expect(texts(itemsOf(started(), delta("a"), delta("b")))).toEqual(["ab"]);
  const items = itemsOf(started(), delta("a"), call("1"), result("1"), delta("b"), whole("ab"));
  expect(items.map(({ type, seq }) => [type, seq])).toEqual([
    ["text", 2],
    ["tool", 3],
  ]);
  expect(texts(items)).toEqual(["ab"]);
  expect(texts(itemsOf(whole("one"), delta("tw"), whole("two")))).toEqual(["one", "two"]);
});

test("a thought and a text do not replace each other", () => {
  const items = itemsOf(
    ["turn.thinking", { text: "hm", delta: true }],
    delta("a"),
    thought("hmm"),
    whole("ab"),
  );
  expect(items.map((item) => [item.type, "text" in item && item.text])).toEqual([
    ["thinking", "hmm"],
    ["text", "ab"],
  ]);
});

test("a result finds its call, also over other calls, and one without a call still shows", () => {
  const items = itemsOf(call("1"), call("2"), result("1", "one", "error"), result("3", "three"));
  expect(
    items.map((item) => item.type === "tool" && [item.name, item.status, item.output]),
  ).toEqual([
    ["shell", "error", "one"],
    ["shell", "running", undefined],
    [null, "ok", "three"],
  ]);
});

test("the answer is not shown twice", () => {
  expect(texts(itemsOf(whole("so"), whole("42"), ["turn.final_answer", { output: "42" }]))).toEqual(
    ["so"],
  );
  expect(texts(itemsOf(whole("41"), ["turn.final_answer", { output: "42" }]))).toEqual(["41"]);
});

test("an attempt that was cut off leaves what it had said, and calls without a result", () => {
  const items = itemsOf(started(), delta("half"), call("1"), started(2, "recovered"), delta("new"));
  expect(texts(items)).toEqual(["half", "new"]);
  expect(items[1]).toMatchObject({ type: "tool", status: "unfinished" });
  expect(items[2]).toMatchObject({ type: "attempt", attempt: 2, cause: "recovered" });
  expect(items[3]).toMatchObject({ isProvisional: true });
});

test("a plan that changes is one plan", () => {
  const plan = (status: string) => ["turn.plan", { steps: [{ text: "a", status }] }] as const;
  const items = itemsOf(plan("active"), call("1"), plan("done"));
  expect(items.map(({ type }) => type)).toEqual(["plan", "tool"]);
  expect(items[0]).toMatchObject({ steps: [{ status: "done" }], seq: 1 });
});

test("a question has its outcome once it is answered", () => {
  const asked = ["turn.question", { questionId: "q", title: "Run it?" }] as const;
  expect(itemsOf(asked)[0]).toMatchObject({ outcome: null });
  const answer = { questionId: "q", action: "decline", state: "expired" };
  expect(itemsOf(asked, ["turn.answer", answer])[0]).toMatchObject({
    outcome: { action: "decline", state: "expired", by: null },
  });
});

test("an event of an unknown type changes nothing", () => {
  expect(itemsOf(["turn.never_heard_of", {}], ["toString", {}])).toEqual([]);
});
