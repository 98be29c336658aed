import type { BridgeEvent, EventData, EventType } from "@agent-bridge/core";
import { expect, test } from "vitest";
import {
  advance,
  describeProgress,
  noProgress,
  paint,
  renderActivity,
  renderEvent,
} from "../src/index.ts";
import { formatBytes } from "../src/render/bytes.ts";
import { formatDuration } from "../src/render/duration.ts";
import { plainLine, plainText } from "../src/render/plain-text.ts";
import { renderTable } from "../src/render/table.ts";

function event<T extends EventType>(type: T, data: EventData[T], at = 1_000): BridgeEvent {
  const place = { cursor: "c", taskId: "task_1", conversationId: null, seq: 1, at };
  return { ...place, type, data } as unknown as BridgeEvent;
}

const texts = (of: BridgeEvent): readonly string[] => renderEvent(of).map(({ text }) => text);

/** Everything that could be in a stored event of each type, with what a terminal would obey in every text. */
const evil = "\u001b[31mred\u001b]0;title\u0007\u009b2J\u202e\r\u0007\u0000text";
const usage = { inputTokens: 1200, cachedInputTokens: 200, outputTokens: 34, reasoningTokens: 0 };
const everyEvent: { readonly [T in EventType]: EventData[T] } = {
  "task.created": { kind: "prompt", runner: "codex", prompt: evil },
  "task.started": { attempt: 2, cause: "recovered" },
  "task.input_required": { questionId: "question_1" },
  "task.cancel_requested": { by: evil, reason: evil },
  "task.completed": { output: evil },
  "task.failed": { error: evil, code: "runner_failed", exitCode: 2 },
  "turn.session": { sessionId: evil },
  "turn.thinking": { text: evil, delta: false },
  "turn.text": { text: evil, delta: false },
  "turn.tool_call": { callId: "1", name: evil, input: { command: [evil] } },
  "turn.tool_result": { callId: "1", status: "error", output: evil, exitCode: 1 },
  "turn.file_change": { path: evil, change: "add" },
  "turn.plan": { steps: [{ text: evil, status: "active" }] },
  "turn.usage": usage,
  "turn.question": {
    questionId: "question_1",
    type: "approval",
    title: evil,
    details: { command: evil },
    deadlineAt: 61_000,
  },
  "turn.answer": { questionId: "question_1", action: "decline", state: "expired", by: evil },
  "turn.notice": { level: "warning", text: evil },
  "turn.final_answer": { output: evil },
  "reply.delivered": { repeated: true },
  "reply.failed": { reason: evil, deadLetterId: "dead_1" },
  "reply.noted": { text: evil },
};

test.each(Object.keys(everyEvent) as EventType[])(
  "%s reaches the terminal without control characters",
  (type) => {
    for (const line of texts(event(type, everyEvent[type]))) {
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(line).not.toContain("title");
    }
  },
);

test("events read as a story", () => {
  expect(
    texts(event("task.created", { kind: "prompt", runner: "codex", prompt: "Do it" })),
  ).toEqual(["task      prompt for codex: Do it"]);
  expect(texts(event("task.started", { attempt: 2, cause: "recovered" }))).toEqual([
    "started   attempt 2, taken over after a crash",
  ]);
  expect(
    texts(event("turn.tool_call", { callId: "1", name: "shell", input: { command: "ls" } })),
  ).toEqual(["tool      shell ls"]);
  expect(texts(event("turn.text", { text: "a\nb", delta: false }))).toEqual([
    "says      a",
    "          b",
  ]);
  expect(texts(event("task.failed", { error: "no", code: "timeout" }))).toEqual([
    "failed    no (timeout)",
  ]);
  expect(texts(event("turn.question", everyEvent["turn.question"])).at(-1)).toContain(
    "agent-bridge task reply question_1 --accept",
  );
});

test("deltas show nothing: their whole message follows", () => {
  expect(renderEvent(event("turn.text", { text: "a", delta: true }))).toEqual([]);
  expect(renderEvent(event("turn.thinking", { text: "a", delta: true }))).toEqual([]);
});

test("long output is shortened and says so, the answer never is", () => {
  const output = Array.from({ length: 40 }, (_, index) => `line ${index}`).join("\n");
  const result = texts(event("turn.tool_result", { callId: "1", status: "ok", output }));
  expect(result).toHaveLength(6);
  expect(result.at(-1)).toContain("36 more lines");
  expect(texts(event("turn.final_answer", { output }))).toHaveLength(40);
});

test("an event that was cut in the log says from how much", () => {
  const cut = {
    ...event("turn.text", { text: "a", delta: false }),
    cut: { bytes: 99_999 },
  } as BridgeEvent;
  expect(texts(cut).at(-1)).toContain("cut from 99999 bytes");
});

test("an event of a newer daemon is named", () => {
  expect(
    texts({ ...event("turn.usage", usage), type: "turn.new" } as unknown as BridgeEvent),
  ).toEqual(["turn.new"]);
});

test("activity is one line with time and task, and only of what matters", () => {
  const [line, ...more] = renderActivity(event("task.completed", { output: "x" }));
  expect(line?.text).toMatch(/^\d\d:\d\d:\d\d task_1 completed$/);
  expect(more).toEqual([]);
  expect(renderActivity(event("turn.text", { text: "a", delta: false }))).toEqual([]);
});

test("the live line tells phase, elapsed, age of the last event and tokens", () => {
  expect(describeProgress(noProgress, 0)).toBe("waiting");
  const progress = [
    event("task.created", everyEvent["task.created"], 1_000),
    event("turn.tool_call", everyEvent["turn.tool_call"], 5_000),
    event("turn.usage", usage, 6_000),
  ].reduce(advance, noProgress);
  expect(describeProgress(progress, 66_000)).toBe(
    "using a tool · 1 m 05 s · last event 1 m 00 s ago · 1200 (200 cached) tokens in, 34 out",
  );
});

test("colour is put around a line only where it is wanted", () => {
  const line = { tone: "bad", text: "no" } as const;
  expect(paint(line, false)).toBe("no");
  expect(paint(line, true)).toBe("\u001b[31mno\u001b[0m");
  expect(paint({ tone: "normal", text: "so" }, true)).toBe("so");
});

test("text keeps its lines and tabs, and loses what steers a terminal", () => {
  expect(plainText("a\tb\r\nc")).toBe("a\tb\nc");
  expect(plainText("\u001b]8;;http://x\u0007link\u001b]8;;\u0007")).toBe("link");
  expect(plainText("before\u001b]0;never closed\nafter")).toBe("before\nafter");
  expect(plainText("\u001b[1;31mred\u001b[0m \u001b(Bplain")).toBe("red plain");
  expect(plainText("nothing to do: ü 漢字 🙂")).toBe("nothing to do: ü 漢字 🙂");
});

test("a line is cut between letters and marked", () => {
  expect(plainLine("a  b\nc")).toBe("a b c");
  expect(plainLine("🙂🙂🙂🙂", 3)).toBe("🙂🙂…");
});

test("durations read as people say them", () => {
  const all = [0, 440, 9_900, 12_300, 59_700, 65_000, 7_620_000, 360_000_000].map(formatDuration);
  expect(all).toEqual([
    "0.0 s",
    "0.4 s",
    "9.9 s",
    "12 s",
    "1 m 00 s",
    "1 m 05 s",
    "2 h 07 m",
    "4 d 4 h",
  ]);
});

test("a table's columns line up and nothing of a cell leaves its line", () => {
  expect(
    renderTable(
      ["A", "B"],
      [
        ["long", "x\ny"],
        ["s", ""],
      ],
    ),
  ).toEqual(["A     B", "long  x y", "s"]);
});

test("a gap of the log is a line of its own, and none of a task", () => {
  const gap = { type: "log.gap", after: null, through: "c" } as const;
  expect(renderActivity(gap)).toEqual([
    { tone: "quiet", text: "Earlier events were removed by retention." },
  ]);
});

test("sizes have at most three digits before the point", () => {
  const sizes = [0, 999, 1000, 1024, 999 * 1024, 1024 ** 2, 10 * 1024 ** 3, 5000 * 1024 ** 4];
  expect(sizes.map(formatBytes)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 KiB",
    "1.0 KiB",
    "999.0 KiB",
    "1.0 MiB",
    "10.0 GiB",
    "5000.0 TiB",
  ]);
});
