import * as z from "zod";
import { expect, test } from "vitest";
import {
  createExplainer,
  defaultLimits,
  defineRunner,
  memoryStore,
  systemClock,
  systemRandom,
  type DeclaredParts,
  type RouteInput,
  type SupposedMessage,
} from "@agent-bridge/core";
import { makeBridge, startBridge } from "./fixtures/bridges.ts";
import { kinds } from "./fixtures/kinds.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";

const careful = defineRunner({
  name: "careful",
  capabilities: { resume: false, questions: "none" },
  sessionScope: "anywhere",
  options: z.strictObject({ loud: z.boolean().default(false), totalMs: z.int().optional() }),
  limits: ({ totalMs }) => (totalMs === undefined ? {} : { totalMs }),
  authority: ({ loud }) => ({ reads: "*", writes: [], network: loud, notes: [] }),
  check: () => Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
  async *run() {
    yield { type: "end", outcome: "completed", output: "" };
  },
});

const rule = (kind: string, from: RouteInput["from"], runner = "careful"): RouteInput => ({
  kind,
  from,
  runner,
});

function explainerOf(routes: readonly RouteInput[], parts: Partial<DeclaredParts> = {}) {
  return createExplainer({ kinds, routes, runners: [careful, scriptedRunner()], ...parts });
}

const note = (from: string | null, more: Partial<SupposedMessage> = {}): SupposedMessage => ({
  kind: "note",
  payload: { from, text: "hello" },
  channel: "chat",
  workspace: "w",
  runner: null,
  ...more,
});

test("each rule before the one that takes a message says why it does not", () => {
  const { explain } = explainerOf([
    rule("bot", "*"),
    rule("note", []),
    rule("note", ["ben"]),
    rule("note", ["ada", "ben"], "scripted"),
    rule("note", "*"),
  ]);
  const { rules, task, sender } = explain(note("ada"));
  expect(sender).toBe("ada");
  expect(rules).toEqual([
    { index: 0, refusal: "other_kind" },
    { index: 1, refusal: "sender_not_named" },
    { index: 2, refusal: "sender_not_named" },
    { index: 3, refusal: null },
  ]);
  expect(task).toMatchObject({
    index: 3,
    conversation: "room:ada",
    destination: { room: "ada" },
    prompt: "hello",
    questions: "ask",
    authority: null,
  });
  expect(explain(note(null)).rules.map(({ refusal }) => refusal)).toEqual([
    "other_kind",
    "sender_unknown",
    "sender_unknown",
    "sender_unknown",
    null,
  ]);
});

test("a task is told with its options, limits and what the run may do", () => {
  const options = { totalMs: 5000 };
  const { explain } = explainerOf([{ ...rule("bot", "*"), options }], { limits: { hops: 3 } });
  const { task } = explain(note("x", { kind: "bot" }));
  expect(task).toMatchObject({
    options: { loud: false, totalMs: 5000 },
    limits: { ...defaultLimits.turn, totalMs: 5000 },
    hops: 3,
    questions: "decline",
    authority: { reads: "*", network: false },
  });
});

test("a direct caller is the operator, or who is named, and may ask for a runner", () => {
  const { explain } = explainerOf([
    rule("prompt", ["operator"]),
    rule("prompt", ["operator"], "scripted"),
    rule("prompt", ["claude"], "scripted"),
  ]);
  const prompt = { kind: "prompt", payload: { text: "hi" }, channel: null, workspace: "" };
  expect(explain({ ...prompt, runner: null }).task).toMatchObject({ index: 0 });
  expect(explain({ ...prompt, runner: "scripted" })).toMatchObject({
    rules: [
      { index: 0, refusal: "other_runner" },
      { index: 1, refusal: null },
    ],
  });
  expect(explain({ ...prompt, runner: null, sender: "claude" }).task).toMatchObject({ index: 2 });
  expect(explain({ ...prompt, runner: null, sender: "eve" })).toMatchObject({
    task: null,
    refused: { reason: "refused", wouldAllow: rule("prompt", ["eve"]) },
  });
});

test("what would be a dead letter is told with its reason, and with the rule that is missing", () => {
  const { explain } = explainerOf([rule("note", ["ada"])], { limits: { messageBytes: 100 } });
  expect(explain(note("eve")).refused).toMatchObject({
    reason: "not_allowed",
    wouldAllow: rule("note", ["eve"]),
  });
  expect(explain(note(null)).refused?.wouldAllow).toEqual(rule("note", "*"));
  const other: Partial<SupposedMessage>[] = [
    { kind: "nothing" },
    { payload: { from: 3 } },
    { payload: { from: "ada", text: "x".repeat(100) } },
    { payload: { from: "ada", text: "break the kind" } },
  ];
  const reasons = other.map((more) => explain(note("ada", more)).refused);
  expect(reasons.map((refused) => refused?.reason)).toEqual([
    "kind_unknown",
    "payload_invalid",
    "payload_too_large",
    "kind_failed",
  ]);
  for (const refused of reasons) expect(refused?.wouldAllow).toBeNull();
});

test("what is explained is what the engine does", async () => {
  const routes = [rule("prompt", ["nobody"], "scripted"), rule("prompt", ["operator"], "scripted")];
  const { operator } = await startBridge(
    memoryStore({ clock: systemClock(), random: systemRandom }),
    { routes },
  );
  const message = { kind: "prompt", payload: { text: "say hi" }, channel: null, workspace: "" };
  const { task } = explainerOf(routes).explain({ ...message, runner: null });
  const started = await operator.start({ payload: message.payload });
  expect(started.task).toMatchObject({
    runner: task?.route.runner,
    input: { prompt: task?.prompt },
  });
  const none = [rule("prompt", ["nobody"], "scripted")];
  const { detail } = explainerOf(none).explain({ ...message, runner: null }).refused ?? {};
  await expect(
    makeBridge(memoryStore({ clock: systemClock(), random: systemRandom }), {
      routes: none,
    }).operator.start({ payload: message.payload }),
  ).rejects.toThrow(detail);
});

test("a rule that can never match is told, with the one before it that takes its messages", () => {
  const { routes } = explainerOf([
    rule("note", ["ada", "ben"]),
    rule("note", ["ben"]),
    rule("note", []),
    rule("note", ["ada", "cy"]),
    rule("note", "*"),
    rule("note", ["zoe"], "scripted"),
    rule("note", "*"),
    rule("bot", "*"),
  ]);
  expect(routes.map(({ reach, shadowedBy }) => [reach, shadowedBy])).toEqual([
    ["reachable", null],
    ["shadowed", 0],
    ["nobody", null],
    ["reachable", null],
    ["reachable", null],
    ["asked_for", 4],
    ["shadowed", 4],
    ["reachable", null],
  ]);
});
