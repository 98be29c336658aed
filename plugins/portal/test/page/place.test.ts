import { expect, test } from "vitest";
import { codeOf, noFilter, placeText, readPlace, type Place } from "../../page/state/place.ts";

const places: readonly Place[] = [
  { view: "chat", conversationId: null },
  { view: "chat", conversationId: "conv_1/%?#ä" },
  { view: "tasks", taskId: null, filter: noFilter },
  {
    view: "tasks",
    taskId: "task_1",
    filter: { status: "failed", runner: "a&b", kind: "portal.chat" },
  },
];

test.for(places)("the address holds the place: %j", (place) => {
  expect(readPlace(placeText(place))).toEqual(place);
});

test.for(["", "#", "#nonsense", "#/chat/%", "#code=abc"])("%s shows the chat", (fragment) => {
  expect(readPlace(fragment)).toEqual({ view: "chat", conversationId: null });
});

test("a status that is none is no condition", () => {
  expect(readPlace("#/tasks?status=evil")).toMatchObject({ filter: { status: "" } });
});

test("the one-time code is read from the fragment", () => {
  expect(codeOf("#code=a-b_c")).toBe("a-b_c");
  expect(codeOf("#/chat/code=1")).toBeNull();
  expect(codeOf("#code=")).toBeNull();
});
