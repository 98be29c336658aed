import { afterAll, describe, expect, test } from "vitest";
import type { RunnerEvent } from "@agent-bridge/core";
import {
  brokenInvariants,
  outputOf,
  processesWith,
  recordTurn,
  turnIo,
  type RecordedTurn,
  type TurnIoOptions,
} from "@agent-bridge/testing/runner-conformance";
import {
  fakeRunner,
  fakeTurn,
  noticesOf,
  temporaryFolder,
  textsOf,
  type FakeTurn,
} from "./fake-codex.ts";
import { turnOptions } from "./real-codex.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

const turnOf = (prompt: string, given: FakeTurn = {}): Promise<RecordedTurn> =>
  fakeTurn(folder, prompt, given);

describe("a Codex that ends badly", () => {
  test("S32 ending with 0 and no result is a visible failure", async () => {
    const turn = await turnOf("vanish");
    expect(turn.end).toEqual({
      type: "end",
      outcome: "failed",
      message: "Codex ended without a result.",
      exitCode: 0,
    });
    expect(turn.events).toContainEqual(expect.objectContaining({ status: "cancelled" }));
  });

  test("ending with another code says why, in the first Error line of stderr", async () => {
    const turn = await turnOf("crash");
    expect(turn.end).toMatchObject({
      message: "Codex ended without a result. Error: the disk is on fire",
      exitCode: 3,
    });
  });

  test("ending before it has answered says why", async () => {
    const turn = await turnOf("echo hi", { manner: "broken" });
    expect(turn.events).toHaveLength(1);
    expect(turn.end).toMatchObject({
      message: "Codex ended without a result. Error: CODEX_HOME points to nowhere",
      exitCode: 1,
    });
  });

  test("S32 half a line is no message, and what came before it is kept", async () => {
    const turn = await turnOf("half");
    expect(textsOf(turn)).toEqual(["before"]);
    expect(noticesOf(turn)).toEqual([expect.stringContaining('"params":{"thr')]);
    expect(turn.end).toMatchObject({ outcome: "failed", exitCode: 0 });
  });

  test("never answering at all, it is ended by the abort", async () => {
    const io: TurnIoOptions = { onSpawned: () => void setImmediate(() => recorded.abort()) };
    const recorded = turnIo(io);
    const turn = await recordTurn({
      runner: fakeRunner(folder, { manner: "mute" }),
      options: turnOptions(),
      prompt: "echo hi",
      io: recorded,
    });
    expect(brokenInvariants(turn)).toEqual([]);
    expect(turn.events).toEqual([{ type: "end", outcome: "aborted" }]);
  });

  test("staying after its turn, it is ended, and the answer counts", async () => {
    expect(outputOf(await turnOf("linger"))).toBe("done");
  });

  test("leaving a process that holds its output, it does not hold up the end", async () => {
    const io = turnIo();
    let before = 0;
    const turn = await recordTurn({
      runner: fakeRunner(folder),
      options: turnOptions(),
      prompt: "orphan",
      io,
      onEvent: async ({ type }) => {
        if (type === "text") before = (await processesWith(io.markText)).length;
      },
    });
    expect(before).toBeGreaterThan(0);
    expect(brokenInvariants(turn)).toEqual([]);
    expect(turn.end).toMatchObject({ outcome: "completed" });
  });

  test("S20 a tree that ignores SIGTERM, in sessions of its own, is gone in 6 s and what was said is kept", async () => {
    const io = turnIo();
    let before = 0;
    const turn = await recordTurn({
      runner: fakeRunner(folder),
      options: turnOptions(),
      prompt: "stubborn",
      io,
      onEvent: async ({ type }) => {
        if (type !== "tool_call") return;
        before = (await processesWith(io.markText)).length;
        io.abort();
      },
    });
    expect(before).toBe(2);
    expect(brokenInvariants(turn)).toEqual([]);
    expect(turn.abortMs).toBeLessThan(6_000);
    expect(textsOf(turn)).toEqual(["partly"]);
    expect(turn.end).toMatchObject({ outcome: "aborted" });
  });
});

describe("a Codex that speaks badly", () => {
  test("S32 a gigabyte is read in bounded memory", { timeout: 120_000 }, async () => {
    const bytes = 1024 ** 3;
    const turn = { taskId: "flood", attempt: 1, prompt: `flood ${bytes}`, options: turnOptions() };
    const provenance = { kind: "prompt", channel: null, workspace: "local", sender: null };
    const io = turnIo();
    const before = process.memoryUsage().rss;
    let mostBytes = 0;
    let characters = 0;
    let last: RunnerEvent | undefined;
    for await (const event of fakeRunner(folder).run(
      { ...turn, session: null, answered: null, provenance },
      io,
    )) {
      last = event;
      if (event.type !== "text" || !event.delta) continue;
      characters += event.text.length;
      mostBytes = Math.max(mostBytes, process.memoryUsage().rss - before);
    }
    expect(characters).toBe(bytes / 2);
    expect(last).toMatchObject({ outcome: "completed", output: "dry" });
    expect(mostBytes).toBeLessThan(300 * 1024 ** 2);
  });

  test("S32 characters that arrive in pieces are read correctly", async () => {
    const text = "grüße, 你好, 🦊 and \\ud83e";
    expect(outputOf(await turnOf(`split ${text}`))).toBe(text);
  });

  test("lines that are no messages are told of once, and the turn goes on", async () => {
    const turn = await turnOf("malformed");
    expect(outputOf(turn)).toBe("still here");
    expect(noticesOf(turn)).toEqual([expect.stringContaining("this is no JSON")]);
  });

  test("a line over the limit fails the turn with a clear text", async () => {
    const turn = await turnOf(`longLine ${17 * 1024 ** 2}`);
    expect(textsOf(turn)).toEqual(["before"]);
    expect(turn.end).toMatchObject({
      outcome: "failed",
      message: expect.stringContaining("a line of more than 16777216 bytes"),
    });
  });

  test("a long line within the limit is read whole", async () => {
    expect(outputOf(await turnOf(`long ${10 * 1024 ** 2}`))).toHaveLength(10 * 1024 ** 2);
  });

  test("an end of an unknown shape fails the turn instead of hanging", async () => {
    const turn = await turnOf("shape");
    expect(turn.end).toMatchObject({ message: expect.stringContaining("turn/completed") });
  });

  test("what belongs to other threads and turns is not this turn's", async () => {
    const turn = await turnOf("others");
    expect(textsOf(turn)).toEqual(["of this one"]);
    expect(outputOf(turn)).toBe("of this one");
  });

  test("a notice before the session waits for it", async () => {
    const turn = await turnOf("echo hello", { manner: "noisy" });
    expect(turn.events.slice(0, 2)).toEqual([
      expect.objectContaining({ type: "session" }),
      { type: "notice", level: "warning", text: "from the beginning" },
    ]);
  });
});
