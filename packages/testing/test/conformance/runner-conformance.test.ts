import { afterAll, describe, expect, test } from "vitest";
import type { RunnerEvent } from "@agent-bridge/core";
import {
  processesWith,
  runnerCases,
  runnerConformance,
} from "../../src/conformance/runner/index.ts";
import { aboutScripted, type Faults } from "./scripted-runner.ts";

runnerConformance(aboutScripted());
runnerConformance({ ...aboutScripted({ suspends: true }), name: "scripted, which suspends" });

/** Runs one case of the suite on a runner with these faults. */
async function runCase(title: string, faults: Faults): Promise<void> {
  const found = runnerCases(aboutScripted(faults)).find((one) => one.title === title);
  if (found === undefined) throw new TypeError(`There is no case "${title}".`);
  await found.run();
}

const answering = "answers, and the end's answer is the reply";

/** Rewrites the events of a turn. */
const rewrite = (
  change: (event: RunnerEvent) => readonly RunnerEvent[],
): NonNullable<Faults["events"]> =>
  async function* (events) {
    for await (const event of events) yield* change(event);
  };

describe("the suite fails a runner that", () => {
  test.each<[fault: string, faults: Faults, title: string]>([
    [
      "ends twice",
      { events: rewrite((event) => (event.type === "end" ? [event, event] : [event])) },
      answering,
    ],
    [
      "goes on after the end",
      {
        events: rewrite((event) =>
          event.type === "end" ? [event, { type: "notice", level: "info", text: "bye" }] : [event],
        ),
      },
      answering,
    ],
    [
      "never ends",
      { events: rewrite((event) => (event.type === "end" ? [] : [event])) },
      answering,
    ],
    [
      "tells of no session",
      { events: rewrite((event) => (event.type === "session" ? [] : [event])) },
      answering,
    ],
    [
      "throws instead of ending",
      {
        events: rewrite((event) => {
          if (event.type === "end") throw new Error("it broke");
          return [event];
        }),
      },
      answering,
    ],
    [
      "leaves a tool call open",
      { events: rewrite((event) => (event.type === "tool_result" ? [] : [event])) },
      "a tool call has its result",
    ],
    [
      "answers with something else than it said",
      {
        events: rewrite((event) =>
          event.type === "end" && event.outcome === "completed"
            ? [{ ...event, output: `${event.output}!` }]
            : [event],
        ),
      },
      "whole texts replace what was told in pieces, and the last one is the answer",
    ],
    [
      "loses what it said before an abort",
      { events: rewrite((event) => (event.type === "text" && event.delta ? [] : [event])) },
      "aborted in the middle of a text, it keeps what was said",
    ],
    [
      "takes an abort for a failure",
      {
        events: rewrite((event) =>
          event.type === "end" && event.outcome === "aborted"
            ? [{ type: "end", outcome: "failed", message: "aborted" }]
            : [event],
        ),
      },
      "S19 aborted before it began, it does nothing",
    ],
    [
      "spawns before it says so",
      { earlySpawn: true },
      "waits for `begins` before it does anything",
    ],
    [
      "shares one session between conversations",
      { sharedSession: true },
      "S24 turns side by side keep their answers, sessions and processes to themselves",
    ],
    [
      "counts the tokens of the whole session",
      { countsAll: true },
      "goes on in a session, and counts each turn's own tokens",
    ],
    [
      "does what was declined",
      { ignoresNo: true },
      "an approval that is declined is not done, and the turn goes on",
    ],
    [
      "does what it suspends for before it is answered",
      { suspends: true, actsFirst: true },
      "an approval ends the turn with a question that is bound to what it shows",
    ],
    [
      "asks again when it was answered",
      { suspends: true, forgetsQuestion: true },
      "S22 another runner goes on from what was stored, and does what was accepted once",
    ],
    [
      "does what was declined after a suspension",
      { suspends: true, ignoresNo: true },
      "what was declined is not done, and the turn goes on",
    ],
    ["leaves a process behind", { leavesProcess: true }, answering],
    [
      "never stops when it is aborted",
      { slowMs: 60_000 },
      "aborted in the middle of a text, it keeps what was said",
    ],
    [
      "is slow to end",
      { slowMs: 1_100 },
      "aborted while the model is silent, it ends with nothing left",
    ],
  ])("%s", async (_, faults, title) => {
    // Each fails in its own way; the case that it fails is what matters.
    await expect(runCase(title, faults)).rejects.toThrow(/\w/);
  });
});

afterAll(async () => {
  for (const { pid } of await processesWith("RUN=state_")) process.kill(pid, "SIGKILL");
});
