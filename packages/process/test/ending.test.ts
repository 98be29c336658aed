import { readFileSync } from "node:fs";
import { describeOutcome } from "@agent-bridge/process";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  allLines,
  expectNoneLeft,
  identityOf,
  isRunning,
  newMark,
  newStateId,
  nextLine,
  puppetPath,
  readPids,
  startPuppet,
} from "./puppet.ts";

const stateId = newStateId();
afterEach(() => expectNoneLeft(stateId));

const quick = { graceMs: 100, interruptMs: 100 };

describe("S19 an abort ends a process once, whenever it comes", () => {
  test("before the spawn: nothing is spawned", async () => {
    const signal = AbortSignal.abort("cancelled");
    const running = startPuppet(["say:ready", "stay"], { mark: newMark(stateId), signal });
    expect(running.pid).toBeUndefined();
    expect(await allLines(running)).toEqual([]);
    expect(await running.exit).toMatchObject({ type: "aborted", reason: "cancelled" });
  });

  test("while spawning: the child is gone before it has said a word", async () => {
    const cancel = new AbortController();
    const running = startPuppet(["say:ready", "stay"], {
      mark: newMark(stateId),
      signal: cancel.signal,
    });
    cancel.abort("cancelled");
    expect(await allLines(running)).toEqual([]);
    expect(await running.exit).toMatchObject({ type: "aborted", exitSignal: "SIGTERM" });
  });

  test("in the middle: what had been written can still be read", async () => {
    const cancel = new AbortController();
    const running = startPuppet(["say:one", "say:two", "write:thr", "complain:said", "stay"], {
      mark: newMark(stateId),
      signal: cancel.signal,
    });
    expect(await nextLine(running)).toBe("one");
    await expect.poll(() => running.stderrTail, { interval: 5 }).toBe("said");
    cancel.abort("cancelled");
    expect(await running.exit).toMatchObject({ type: "aborted", reason: "cancelled" });
    expect(await allLines(running)).toEqual(["two", "thr"]);
  });

  test("twice: the first reason stays", async () => {
    const cancel = new AbortController();
    const running = startPuppet(["say:ready", "stay"], {
      mark: newMark(stateId),
      signal: cancel.signal,
    });
    await nextLine(running);
    const ends = [running.stop("first"), running.stop("second")];
    cancel.abort("third");
    const outcomes = await Promise.all([...ends, running.exit]);
    expect(outcomes.map((outcome) => outcome.type === "aborted" && outcome.reason)).toEqual([
      "first",
      "first",
      "first",
    ]);
  });

  test("after the end: the outcome stays, and the signal is let go", async () => {
    const cancel = new AbortController();
    const remove = vi.spyOn(cancel.signal, "removeEventListener");
    const running = startPuppet(["exit:4"], { mark: newMark(stateId), signal: cancel.signal });
    const outcome = await running.exit;
    cancel.abort("late");
    expect(await running.stop("later")).toBe(outcome);
    expect(outcome).toMatchObject({ type: "exited", exitCode: 4 });
    expect(remove).toHaveBeenCalledWith("abort", expect.any(Function));
  });

  test("a child that answers SIGTERM with exit code 0 was aborted all the same", async () => {
    const running = startPuppet(["exit-on-term:0", "say:ready", "stay"], {
      mark: newMark(stateId),
    });
    await nextLine(running);
    expect(await running.stop("cancelled")).toMatchObject({ type: "aborted", exitCode: 0 });
  });

  test("leaving the scope of the handle ends the process", async () => {
    let pid: number;
    {
      await using running = startPuppet(["say:ready", "stay"], { mark: newMark(stateId) });
      await nextLine(running);
      pid = identityOf(running).pid;
    }
    expect(isRunning(pid)).toBe(false);
  });
});

describe("S20 the whole tree goes", () => {
  test("children in sessions of their own that ignore SIGTERM and hold stdout are gone in 6 s under the default limits", async () => {
    const grandchild = "grandchild:ignore-term/say-pid:grandchild/stay";
    const child = `child:${grandchild}+ignore-term+say-pid:child+stay`;
    const running = startPuppet(["ignore-term", "say:partial", child, "stay"], {
      mark: newMark(stateId),
    });
    expect(await nextLine(running)).toBe("partial");
    const pids = await readPids(running, 2);
    const startedAt = performance.now();
    const outcome = await running.stop("cancelled");
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    expect(outcome).toMatchObject({ type: "aborted", exitSignal: "SIGKILL", survivors: [] });
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("a descendant without the mark and without the group is found by its parents", async () => {
    const running = startPuppet(
      ["ignore-term", "child-without-environment:ignore-term+say-pid:bare+stay", "stay"],
      { mark: newMark(stateId), limits: quick },
    );
    const pids = await readPids(running, 1);
    expect(readFileSync(`/proc/${pids[0]}/environ`, "latin1")).not.toContain("AGENT_BRIDGE_RUN");
    expect(await running.stop()).toMatchObject({ endedCount: 1, survivors: [] });
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("one whose parents are gone already is found by its mark", async () => {
    const running = startPuppet(
      ["ignore-term", "child:grandchild:ignore-term/wait:150/say-pid:orphan/stay", "stay"],
      { mark: newMark(stateId), limits: quick },
    );
    // It speaks when its parent is gone.
    const pids = await readPids(running, 1);
    expect(await running.stop()).toMatchObject({ survivors: [] });
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("a process that outlives a child's own exit does not hold it up, and is ended", async () => {
    const running = startPuppet(["child:ignore-term+say-pid:left+stay", "wait:200", "exit:0"], {
      mark: newMark(stateId),
    });
    const pids = await readPids(running, 1);
    const startedAt = performance.now();
    expect(await allLines(running)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(await running.exit).toEqual({
      type: "exited",
      exitCode: 0,
      endedCount: 1,
      survivors: [],
      problem: null,
    });
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("an abort during the wait for such a process cuts it short, and the child has still exited", async () => {
    const running = startPuppet(["child:wait:300+say-pid:left+stay", "exit:0"], {
      mark: newMark(stateId),
    });
    // It speaks when its parent is gone, so the exit has been seen by then.
    await readPids(running, 1);
    const startedAt = performance.now();
    expect(await running.stop()).toMatchObject({ type: "exited", exitCode: 0 });
    expect(performance.now() - startedAt).toBeLessThan(700);
  });
});

describe("the polite word", () => {
  test("is said first, and a child that heeds it gets no SIGTERM", async () => {
    const running = startPuppet(["echo", "say:goodbye", "exit:0"], {
      mark: newMark(stateId),
      interrupt: async () => {
        running.closeStdin();
        await running.exit;
      },
    });
    await running.writeLine("hello");
    expect(await nextLine(running)).toBe("hello");
    expect(await running.stop("cancelled")).toMatchObject({ type: "aborted", exitCode: 0 });
    expect(await allLines(running)).toEqual(["goodbye"]);
  });

  test("is over when its time is up: its own signal aborts, and SIGTERM follows", async () => {
    let heard: AbortSignal | undefined;
    const running = startPuppet(["say:ready", "stay"], {
      mark: newMark(stateId),
      limits: quick,
      interrupt: (signal) => {
        heard = signal;
        return new Promise(() => {});
      },
    });
    await nextLine(running);
    expect(await running.stop()).toMatchObject({ type: "aborted", exitSignal: "SIGTERM" });
    expect(heard?.aborted).toBe(true);
  });

  test("that fails is told in the outcome, and SIGTERM follows", async () => {
    const error = new Error("no answer");
    const running = startPuppet(["say:ready", "stay"], {
      mark: newMark(stateId),
      interrupt: () => {
        throw error;
      },
    });
    await nextLine(running);
    expect(await running.stop()).toMatchObject({ exitSignal: "SIGTERM", interruptError: error });
  });
});

describe("timers", () => {
  test("a child that gives no sign of life is ended by the start timer", async () => {
    const running = startPuppet(["complain:starting", "stay"], {
      mark: newMark(stateId),
      limits: { ...quick, startMs: 60 },
    });
    const outcome = await running.exit;
    expect(outcome).toMatchObject({ type: "timed_out", which: "start", limitMs: 60 });
    expect(describeOutcome(outcome)).toBe(
      "The process was ended: it gave no sign of life within 60 ms.",
    );
  });

  test("`started()` and the first line end the start timer", async () => {
    const limits = { ...quick, startMs: 600 };
    const spoken = startPuppet(["say:ready", "wait:700"], { mark: newMark(stateId), limits });
    const told = startPuppet(["wait:700"], { mark: newMark(stateId), limits });
    told.started();
    expect(await spoken.exit).toMatchObject({ type: "exited" });
    expect(await told.exit).toMatchObject({ type: "exited" });
  });

  test("a silent child is ended by the idle timer, one that speaks is not", async () => {
    const limits = { ...quick, startMs: 10_000, idleMs: 600 };
    const spells = ["say:a", "wait:250", "say:b", "wait:250", "say:c", "wait:250", "say:d"];
    const speaking = startPuppet(spells, { mark: newMark(stateId), limits });
    const silent = startPuppet(["say:a", "stay"], { mark: newMark(stateId), limits });
    expect(await speaking.exit).toMatchObject({ type: "exited" });
    expect(await silent.exit).toMatchObject({ type: "timed_out", which: "idle", limitMs: 600 });
  });

  test("the idle timer stands still while a question is open, and runs on afterwards", async () => {
    const running = startPuppet(["say:question", "wait:500", "say:waited", "stay"], {
      mark: newMark(stateId),
      limits: { ...quick, startMs: 10_000, idleMs: 200 },
    });
    expect(await nextLine(running)).toBe("question");
    const hold = running.holdIdle();
    expect(await nextLine(running)).toBe("waited");
    hold[Symbol.dispose]();
    expect(await running.exit).toMatchObject({ type: "timed_out", which: "idle" });
  });

  test("the total timer ends also a child that goes on speaking", async () => {
    const spells = Array.from({ length: 60 }, () => ["say:on", "wait:20"]).flat();
    const running = startPuppet(spells, {
      mark: newMark(stateId),
      limits: { ...quick, idleMs: 500, totalMs: 250 },
    });
    expect(await running.exit).toMatchObject({ type: "timed_out", which: "total" });
    expect((await allLines(running)).length).toBeGreaterThan(0);
  });
});

test("a limit that is no number is a bug, and says so", () => {
  for (const limits of [{ idleMs: Number.NaN }, { graceMs: -1 }, { lineBytes: 0 }]) {
    const start = () => startPuppet([puppetPath], { mark: newMark(stateId), limits });
    expect(start).toThrow(TypeError);
  }
});
