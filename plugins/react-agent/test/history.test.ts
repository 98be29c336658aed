import type { ModelMessage } from "ai";
import { describe, expect, test } from "vitest";
import {
  cutOffText,
  messagesOf,
  openCalls,
  recent,
  sessionOf,
  withResult,
} from "../src/history.ts";

const user = (content: string): ModelMessage => ({ role: "user", content });
const said = (text: string): ModelMessage => ({
  role: "assistant",
  content: [{ type: "text", text }],
});
const calls = (...ids: string[]): ModelMessage => ({
  role: "assistant",
  content: ids.map((toolCallId) => ({
    type: "tool-call" as const,
    toolCallId,
    toolName: "box__say",
    input: { text: toolCallId },
  })),
});
const result = (toolCallId: string) => ({
  toolCallId,
  toolName: "box__say",
  text: `said ${toolCallId}`,
  isError: false,
});

describe("the conversation's messages", () => {
  test("a call is open until it has a result; results that follow each other are one message", () => {
    const asked = [user("hi"), calls("a", "b")];
    expect(openCalls(asked).map(({ toolCallId }) => toolCallId)).toEqual(["a", "b"]);
    const first = withResult(asked, result("b"));
    expect(openCalls(first).map(({ toolCallId }) => toolCallId)).toEqual(["a"]);
    const both = withResult(first, result("a"));
    expect(openCalls(both)).toEqual([]);
    expect(both).toHaveLength(3);
    expect(asked).toHaveLength(2);
  });

  test("a session never holds an open call: what was cut off is said to be", () => {
    const session = sessionOf("react_1", [user("hi"), calls("a")]);
    const messages = messagesOf(session.state);
    expect(openCalls(messages)).toEqual([]);
    expect(JSON.stringify(messages)).toContain(cutOffText);
  });

  test.each([null, {}, { messages: "none" }, { messages: [{ role: "nobody" }] }, [], 7])(
    "a state that holds no messages (%j) is an empty conversation",
    (state) => {
      expect(messagesOf(state)).toEqual([]);
    },
  );

  test("a conversation that is too long loses whole turns, the oldest first", () => {
    const turns = ["one", "two", "three"].flatMap((word) => [user(word), said(word.repeat(100))]);
    const { messages, dropped } = recent(turns, 900);
    expect(dropped).toBe(true);
    expect(messages[0]).toEqual(user("three"));
    expect(recent(turns, 100_000)).toEqual({ messages: turns, dropped: false });
  });

  test("a last turn that alone is too long is kept without what its tools said", () => {
    const last = withResult([user("hi"), calls("a")], { ...result("a"), text: "x".repeat(9_000) });
    const { messages, dropped } = recent([user("old"), said("old"), ...last], 4_096);
    expect(dropped).toBe(true);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    expect(JSON.stringify(messages)).not.toContain("xxx");
    expect(openCalls(messages)).toEqual([]);
  });
});
