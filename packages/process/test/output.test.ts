import { captureProcess } from "@agent-bridge/process";
import { afterEach, describe, expect, test } from "vitest";
import {
  allLines,
  expectNoneLeft,
  newMark,
  newStateId,
  nextLine,
  puppetPath,
  startPuppet,
} from "./puppet.ts";

const stateId = newStateId();
afterEach(() => expectNoneLeft(stateId));

const mebibyte = 1024 * 1024;

describe("S32 the lines", () => {
  test("a flood of 1 GiB is read whole in bounded memory", async () => {
    const running = startPuppet([`flood:${1024 * mebibyte}`], { mark: newMark(stateId) });
    await nextLine(running);
    const before = process.memoryUsage().rss;
    let highest = before;
    let lineCount = 1;
    let isIntact = true;
    for await (const line of running.lines) {
      lineCount += 1;
      isIntact &&= line.length === 1023;
      if (lineCount % 16_384 === 0) highest = Math.max(highest, process.memoryUsage().rss);
    }
    expect({ lineCount, isIntact }).toEqual({ lineCount: mebibyte, isIntact: true });
    expect(await running.exit).toMatchObject({ type: "exited", exitCode: 0 });
    expect((highest - before) / mebibyte).toBeLessThan(100);
  });

  test("a child that nobody reads is stopped by its pipe, and loses nothing", async () => {
    const running = startPuppet(["complain:begun", `flood:${8 * mebibyte}`, "complain: done"], {
      mark: newMark(stateId),
    });
    await expect.poll(() => running.stderrTail, { interval: 5 }).toBe("begun");
    // A second child writes as much and is read: by then the first one would have been done as well.
    const read = startPuppet([`flood:${8 * mebibyte}`], { mark: newMark(stateId) });
    expect((await allLines(read)).length).toBe(8 * 1024);
    expect(running.stderrTail).toBe("begun");
    expect((await allLines(running)).length).toBe(8 * 1024);
    expect(await running.exit).toMatchObject({ type: "exited" });
    expect(running.stderrTail).toBe("begun done");
  });

  test("what a child wrote before its exit is kept for a reader that comes late", async () => {
    const running = startPuppet([`flood:${128 * 1024}`, "say:last"], { mark: newMark(stateId) });
    await running.exit;
    const lines = await allLines(running);
    expect(lines.length).toBe(256 + 1);
    expect(lines.at(-1)).toBe("last");
  });

  test("a slow reader is no silence of the child: the idle timer stands still", async () => {
    const limits = { startMs: 10_000, idleMs: 150 };
    const running = startPuppet([`flood:${4 * mebibyte}`], { mark: newMark(stateId), limits });
    await nextLine(running);
    // Longer than the idle time, with the child waiting for its reader.
    await startPuppet(["wait:400"], { mark: newMark(stateId) }).exit;
    expect((await allLines(running)).length).toBe(4 * 1024 - 1);
    expect(await running.exit).toMatchObject({ type: "exited" });
  });

  test("characters that arrive in pieces are read correctly", async () => {
    const text = "é€😀 – ñ";
    const hex = Buffer.from(`${text}\n${text}\r\n`).toString("hex");
    const running = startPuppet([`trickle:${hex}`], { mark: newMark(stateId) });
    expect(await allLines(running)).toEqual([text, text]);
  });

  test("half a line at the end is the last line", async () => {
    const running = startPuppet(["say:{}", 'write:{"half":'], { mark: newMark(stateId) });
    expect(await allLines(running)).toEqual(["{}", '{"half":']);
  });

  test("a line over the limit ends the process; the lines before it can be read", async () => {
    const limits = { lineBytes: 1000, graceMs: 100 };
    const running = startPuppet(["say:before", "line:1000", "line:1001", "ignore-term", "stay"], {
      mark: newMark(stateId),
      limits,
    });
    expect((await allLines(running)).map((line) => line.length)).toEqual([6, 1000]);
    expect(await running.exit).toMatchObject({ type: "line_too_long", limitBytes: 1000 });
  });

  test("a line of 15 MiB is within the default limit, one of 17 MiB is not", async () => {
    const running = startPuppet([`line:${15 * mebibyte}`, `line:${17 * mebibyte}`], {
      mark: newMark(stateId),
    });
    expect((await allLines(running)).map((line) => line.length)).toEqual([15 * mebibyte]);
    expect(await running.exit).toMatchObject({ type: "line_too_long", limitBytes: 16 * mebibyte });
  });

  test("two readers at once are a bug, and the second is told", async () => {
    await using running = startPuppet(["stay"], { mark: newMark(stateId) });
    const first = allLines(running);
    await expect(nextLine(running)).rejects.toThrow(TypeError);
    await running.stop();
    expect(await first).toEqual([]);
  });
});

test("S32 a flood on stderr is read on, and only its end is kept", async () => {
  const running = startPuppet([`flood-errors:${64 * mebibyte}`, "complain:the end ä"], {
    mark: newMark(stateId),
  });
  expect(await running.exit).toMatchObject({ type: "exited" });
  expect(Buffer.byteLength(running.stderrTail)).toBe(8 * 1024);
  expect(running.stderrTail).toMatch(/^e+the end ä$/);
});

describe("captureProcess", () => {
  const command = process.execPath;

  test("gives the output of a short program with its outcome", async () => {
    const args = [puppetPath, "say:one", "complain:warning", "write:two", "exit:2"];
    expect(await captureProcess({ command, args, env: {} })).toEqual({
      outcome: { type: "exited", exitCode: 2, endedCount: 0, survivors: [], problem: null },
      stdout: "one\ntwo",
      isCut: false,
      stderrTail: "warning",
    });
  });

  test("keeps the beginning of a long output, and says that it was cut", async () => {
    const args = [puppetPath, `flood:${mebibyte}`];
    const result = await captureProcess({ command, args, env: {}, maxCharacters: 1030 });
    expect(result).toMatchObject({ isCut: true, outcome: { type: "exited" } });
    expect(result.stdout).toBe(`${"x".repeat(1023)}\n${"x".repeat(6)}`);
  });

  test("S27 a check that times out is ended itself, and no working process with it", async () => {
    await using working = startPuppet(["echo"], { mark: newMark(stateId) });
    const args = [puppetPath, "ignore-term", "say:hanging", "stay"];
    const limits = { totalMs: 300, graceMs: 50 };
    const { outcome, stdout } = await captureProcess({ command, args, env: {}, limits });
    expect(outcome).toMatchObject({ type: "timed_out", which: "total", survivors: [] });
    expect(stdout).toBe("hanging");
    await working.writeLine("still here");
    expect(await nextLine(working)).toBe("still here");
  });
});
