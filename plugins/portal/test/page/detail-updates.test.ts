import { expect, test } from "vitest";
import {
  addDetailEvents,
  detailEvents,
  isRead,
  openDetail,
  setDetailTask,
} from "../../page/state/detail-updates.ts";
import { readPlace } from "../../page/state/place.ts";
import { initialState, type State } from "../../page/state/state.ts";
import { eventsOf, taskOf, thought } from "./events.ts";

const begin = (): State =>
  setDetailTask(taskOf(), [])(openDetail("task_1")(initialState(readPlace("#/tasks/task_1"))));
const page = { next: "n", atHead: true, gap: false };

test("of a very long task the newest events are held, and it is told how many are not", () => {
  const events = eventsOf(...Array.from({ length: detailEvents + 500 }, () => thought("hm")));
  const state = addDetailEvents("task_1", { ...page, events })(begin());
  expect(state.detail?.events.length).toBe(detailEvents);
  expect(state.detail?.droppedCount).toBe(500);
  expect(state.detail?.events.at(-1)?.seq).toBe(detailEvents + 500);
});

test("a page of a task that is no longer open changes nothing", () => {
  const state = begin();
  expect(addDetailEvents("task_2", { ...page, events: [] })(state)).toBe(state);
});

test("it is read to its end when the task is over and no event is left", () => {
  const over = eventsOf(["task.completed", { output: "done" }]);
  const read = (events: typeof over, atHead: boolean): boolean => {
    const { detail } = addDetailEvents("task_1", { ...page, events, atHead })(begin());
    return detail !== null && isRead(detail);
  };
  expect([read(over, true), read(over, false), read([], true)]).toEqual([true, false, false]);
});
