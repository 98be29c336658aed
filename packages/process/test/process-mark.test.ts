import { formatMark, markVariable, parseMark } from "@agent-bridge/process";
import { expect, test } from "vitest";

test("a mark is the variable AGENT_BRIDGE_RUN with state, task and attempt", () => {
  expect(markVariable).toBe("AGENT_BRIDGE_RUN");
  expect(formatMark({ stateId: "s-1", taskId: "task_2", attempt: 3 })).toBe("s-1:task_2:3");
});

test("what is written is read back", () => {
  for (const mark of [
    { stateId: "a", taskId: "b", attempt: 1 },
    { stateId: "A.b-c_9".repeat(10), taskId: "x".repeat(128), attempt: 999_999_999_999_999 },
  ]) {
    expect(parseMark(formatMark(mark))).toEqual(mark);
  }
});

test.for([
  { stateId: "a:b", taskId: "c", attempt: 1 },
  { stateId: "", taskId: "c", attempt: 1 },
  { stateId: "a", taskId: "b c", attempt: 1 },
  { stateId: "a", taskId: "b\n", attempt: 1 },
  { stateId: "a", taskId: "x".repeat(129), attempt: 1 },
  { stateId: "a", taskId: "b", attempt: 0 },
  { stateId: "a", taskId: "b", attempt: 1.5 },
  { stateId: "a", taskId: "b", attempt: 1e15 },
])("a mark that could be read as another is refused: %j", (mark) => {
  expect(() => formatMark(mark)).toThrow(TypeError);
});

test.for(["", "a", "a:b", "a:b:0", "a:b:01", "a:b:-1", "a:b:1:2", "a:b:1 ", "a::1", " a:b:1"])(
  "a text that was never written is no mark: %j",
  (text) => {
    expect(parseMark(text)).toBeUndefined();
  },
);
