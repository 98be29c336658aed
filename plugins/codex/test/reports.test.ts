import { afterAll, describe, expect, test } from "vitest";
import {
  outputOf,
  recordTurn,
  sessionOf,
  turnIo,
  type RecordedTurn,
} from "@agent-bridge/testing/runner-conformance";
import {
  fakeRunner,
  fakeTurn,
  noticesOf,
  temporaryFolder,
  textsOf,
  type FakeTurn,
} from "./fake-codex.ts";
import { recordingLogger } from "./recording-logger.ts";
import { turnOptions } from "./real-codex.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

const turnOf = (prompt: string, given: FakeTurn = {}): Promise<RecordedTurn> =>
  fakeTurn(folder, prompt, given);

describe("what Codex reports", () => {
  test("an error that will be retried is a notice, and does not end the turn", async () => {
    const turn = await turnOf("retry");
    expect(noticesOf(turn)).toEqual(["Reconnecting... 1/5", "slow today"]);
    expect(outputOf(turn)).toBe("recovered");
  });

  test("the message marked as final is the answer, whatever is said after it", async () => {
    const turn = await turnOf("phases");
    expect(outputOf(turn)).toBe("the answer");
    expect(textsOf(turn)).toHaveLength(3);
  });

  test("a message that only the turn's summary has is the answer", async () => {
    const turn = await turnOf("summary");
    expect(outputOf(turn)).toBe("only in the summary");
    expect(textsOf(turn)).toEqual(["only in the summary"]);
  });

  test("no message at all is an empty answer", async () => {
    expect(outputOf(await turnOf("long 0"))).toBe("");
  });

  test("a plan is told with the state of its steps", async () => {
    const turn = await turnOf("plan");
    expect(turn.events).toContainEqual({
      type: "plan",
      steps: [
        { text: "one", status: "done" },
        { text: "two", status: "active" },
        { text: "three", status: "pending" },
      ],
    });
  });

  test.each([
    ["usageLimitExceeded", true],
    ["serverOverloaded", true],
    ["badRequest", false],
    ["somethingNew", false],
  ])("a failure by %s is marked as retryable: %s", async (word, retryable) => {
    const turn = await turnOf(`fail ${word}`);
    expect(turn.end).toMatchObject({ message: `It failed with ${word}.`, retryable });
  });

  test("a failure after a tool had started is not retryable", async () => {
    const turn = await turnOf("failLate serverOverloaded");
    expect(turn.end).toMatchObject({ outcome: "failed", retryable: false });
  });

  test("a session that another process holds is a failure that may pass", async () => {
    const turn = await turnOf("echo hi", { manner: "refusing" });
    expect(turn.end).toMatchObject({ outcome: "failed", retryable: true });
  });

  test("S38 another session than the wanted one is not gone on with", async () => {
    const turn = await turnOf("echo hi", { manner: "forgetful", session: "thread-wanted" });
    expect(turn.events).toEqual([
      { type: "end", outcome: "session_gone", message: expect.stringContaining("thread-wanted") },
    ]);
  });

  test("usage is this turn's, and the session's state keeps the whole", async () => {
    const first = await turnOf("echo one");
    expect(sessionOf(first).state).toMatchObject({ total: { outputTokens: 10 } });
    const runner = fakeRunner(folder);
    const second = await recordTurn({
      runner,
      options: turnOptions(),
      prompt: "echo two",
      session: sessionOf(first),
    });
    expect(second.events).toContainEqual(
      expect.objectContaining({ type: "usage", inputTokens: 50, outputTokens: 10 }),
    );
    expect(sessionOf(second).state).toMatchObject({ total: { outputTokens: 20 } });
  });

  test("its version and path are logged once for a runner", async () => {
    const { logger, lines } = recordingLogger();
    const runner = fakeRunner(folder);
    await turnOf("echo hi", { runner, logger });
    await turnOf("echo hi", { runner, logger });
    expect(lines.filter(({ level }) => level === "info")).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^codex 0\.0\.1-fake at \//) }),
    ]);
  });
});

test("a prompt over Codex's limit is refused before anything begins", async () => {
  const turn = await turnOf("x".repeat(1_048_577));
  expect(turn.end).toMatchObject({ message: expect.stringContaining("1,048,576 characters") });
  expect(turn.io.calls).toEqual([]);
});

test("the limit counts characters, not their halves", async () => {
  expect(outputOf(await turnOf(`echo ${"🦊".repeat(600_000)}`))).toHaveLength(1_200_000);
});

test("a folder that is not there is refused before anything begins", async () => {
  const io = turnIo();
  const turn = await recordTurn({
    runner: fakeRunner(folder),
    options: turnOptions({ cwd: "/no/such/folder" }),
    prompt: "echo hi",
    io,
  });
  expect(turn.end).toMatchObject({ message: "There is no folder /no/such/folder to work in." });
  expect(io.calls).toEqual([]);
});
