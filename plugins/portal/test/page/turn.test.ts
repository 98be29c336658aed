import { expect, test } from "vitest";
import { newTurn, withEvent, withTask, windowStart, type Turn } from "../../page/state/turn.ts";
import type { PortalEvent } from "../../page/state/wire.ts";
import { call, delta, eventsOf, result, started, taskOf, thought, whole } from "./events.ts";

const read = (events: readonly PortalEvent[], turn: Turn = newTurn(taskOf())): Turn =>
  events.reduce(withEvent, turn);

const events = eventsOf(
  ["task.created", { prompt: "Do it" }],
  started(),
  thought("hm"),
  delta("I wi"),
  delta("ll look."),
  whole("I will look."),
  call("1"),
  result("1"),
  ["turn.usage", { inputTokens: 5, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 }],
  started(2, "recovered"),
  ["turn.final_answer", { output: "42" }],
  ["task.completed", { output: "42" }],
);

test("S15 read in two parts, cut anywhere and with repeats, it is the same as read at once", () => {
  const atOnce = read(events);
  for (let cut = 0; cut <= events.length; cut++)
    for (let repeated = 0; repeated <= cut; repeated++)
      expect(read(events.slice(cut - repeated), read(events.slice(0, cut)))).toEqual(atOnce);
});

test("an event that does not follow changes nothing: it must be read from the last one", () => {
  const turn = read(events.slice(0, 3));
  expect(withEvent(turn, events[5] as PortalEvent)).toBe(turn);
  expect(turn.cursor).toBe("c3");
});

test("it tells the attempt, the tokens, the answer and when the last event was", () => {
  expect(read(events)).toMatchObject({
    attempt: 2,
    usage: { inputTokens: 5 },
    answer: "42",
    lastAt: events.at(-1)?.at,
    task: { status: "completed" },
  });
});

test("a cancelled task is cancelled, a failed one has its reason, and neither comes back", () => {
  const end = (code: string) =>
    read(eventsOf(started(), ["task.failed", { code, error: "why" }], ["turn.answer", {}]));
  expect(end("cancelled").task).toMatchObject({ status: "cancelled", error: { message: "why" } });
  expect(end("runner_failed").task).toMatchObject({ status: "failed" });
});

test("what a failed task had said is not shown twice", () => {
  const turn = read(eventsOf(started(), whole("half of it")));
  const failed = taskOf({ status: "failed", output: "half of it" });
  expect(withTask(turn, failed)).toMatchObject({ answer: "half of it", timeline: { items: [] } });
});

test("a very long task is a window of bounded size, that is built again from where it begins", () => {
  const calls = Array.from({ length: 3_000 }, (_, place) => [call(`${place}`), result(`${place}`)]);
  const long = eventsOf(started(), ...calls.flat());
  const turn = read(long);
  const { items, droppedCount } = turn.timeline;
  expect(items.length).toBeLessThanOrEqual(500);
  expect(items.length + droppedCount).toBe(3_000);
  const { after } = windowStart(turn);
  const rest = long.slice(long.findIndex(({ cursor }) => cursor === after) + 1);
  const again = read(rest, {
    ...newTurn(taskOf()),
    attempt: 1,
    cursor: after,
    timeline: { items: [], droppedCount },
  });
  expect(again).toEqual(turn);
});

test("few but very large steps are bounded as well, and the newest always stays", () => {
  const large = "x".repeat(60_000);
  const calls = Array.from({ length: 300 }, (_, place) => [
    call(`${place}`),
    result(`${place}`, large),
  ]);
  const { items } = read(eventsOf(started(), ...calls.flat())).timeline;
  expect(JSON.stringify(items).length).toBeLessThan(5_100_000);
  expect(items.at(-1)).toMatchObject({ callId: "299" });
});
