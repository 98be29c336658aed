import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMarked, startProcess } from "@agent-bridge/process";
import { afterEach, describe, expect, test } from "vitest";
import {
  allLines,
  expectNoneLeft,
  identityOf,
  newMark,
  newStateId,
  nextLine,
  startPuppet,
} from "./puppet.ts";

const stateId = newStateId();
afterEach(() => expectNoneLeft(stateId));

const quiet = { endedCount: 0, survivors: [], problem: null };

describe("the outcome", () => {
  test("S32 an exit with 0 and no output is an outcome of its own, not an answer", async () => {
    await using running = startPuppet(["exit:0"], { mark: newMark(stateId) });
    expect(await allLines(running)).toEqual([]);
    expect(await running.exit).toEqual({ type: "exited", exitCode: 0, ...quiet });
  });

  test("an exit code is told, and the end of stderr with it", async () => {
    await using running = startPuppet(["complain:Error: no login", "exit:7"], {
      mark: newMark(stateId),
    });
    expect(await running.exit).toEqual({ type: "exited", exitCode: 7, ...quiet });
    expect(running.stderrTail).toBe("Error: no login");
  });

  test("a death by a signal that others sent is told with its name", async () => {
    await using running = startPuppet(["say:ready", "stay"], { mark: newMark(stateId) });
    await nextLine(running);
    process.kill(identityOf(running).pid, "SIGKILL");
    expect(await running.exit).toEqual({ type: "signalled", signal: "SIGKILL", ...quiet });
  });

  test("a command that is not there fails to spawn with ENOENT, without lines or a pid", async () => {
    await using running = startProcess({ command: "/nowhere/agent", env: {} });
    expect(running.pid).toBeUndefined();
    expect(await allLines(running)).toEqual([]);
    expect(await running.writeLine("hello")).toEqual({ written: false, code: "CLOSED" });
    expect(await running.exit).toEqual({
      type: "spawn_failed",
      code: "ENOENT",
      message: "The command /nowhere/agent was not found (ENOENT).",
    });
  });

  test("a file that may not be executed fails to spawn with EACCES", async () => {
    const folder = mkdtempSync(join(tmpdir(), "process-test-"));
    const command = join(folder, "agent");
    writeFileSync(command, "#!/bin/sh\n");
    chmodSync(command, 0o600);
    await using running = startProcess({ command, env: {} });
    expect(await running.exit).toMatchObject({ type: "spawn_failed", code: "EACCES" });
    rmSync(folder, { recursive: true });
  });

  test("a working folder that is not there is named, not the command", async () => {
    const running = startProcess({ command: process.execPath, cwd: "/nowhere", env: {} });
    expect(await running.exit).toEqual({
      type: "spawn_failed",
      code: "ENOENT",
      message: "There is no folder /nowhere to work in (ENOENT).",
    });
  });

  test.for([
    ["a text with a NUL", "a\0b", "EINVAL"],
    ["an argument that the system finds too long", "x".repeat(300_000), "E2BIG"],
  ] as const)("%s fails to spawn, and the text is not in the message", async ([, text, code]) => {
    const running = startProcess({ command: process.execPath, args: [text], env: {} });
    const outcome = await running.exit;
    expect(outcome).toMatchObject({ type: "spawn_failed", code });
    expect(JSON.stringify(outcome).length).toBeLessThan(300);
  });
});

describe("the mark", () => {
  test("a second process with a mark in use is refused; after the end the mark is free", async () => {
    const mark = newMark(stateId);
    const first = startPuppet(["say:ready", "stay"], { mark });
    await nextLine(first);
    expect(() => startPuppet(["exit:0"], { mark })).toThrow(TypeError);
    await first.stop();
    await using second = startPuppet(["exit:0"], { mark });
    expect(await second.exit).toMatchObject({ type: "exited", exitCode: 0 });
  });

  test("a running child is found by its state's mark with its pid and start time", async () => {
    const mark = newMark(stateId);
    await using running = startPuppet(["say:ready", "stay"], { mark });
    await nextLine(running);
    expect(await findMarked({ stateId })).toEqual({
      processes: [{ ...running.identity, mark, foundBy: "mark" }],
      problem: null,
    });
  });
});

describe("the environment", () => {
  test("S24 two children see their own entries, and nothing of each other or of this process", async () => {
    process.env["PROCESS_TEST_SECRET"] = "of the parent";
    const marks = [newMark(stateId), newMark(stateId)] as const;
    const children = marks.map((mark, index) =>
      startPuppet(["say-environment"], { mark, env: { [`KEY_${index}`]: `secret ${index}` } }),
    );
    const environments = await Promise.all(children.map(nextLine));
    await Promise.all(children.map(({ exit }) => exit));
    delete process.env["PROCESS_TEST_SECRET"];
    expect(environments.map((text) => JSON.parse(text) as unknown)).toEqual([
      { KEY_0: "secret 0", AGENT_BRIDGE_RUN: `${stateId}:${marks[0].taskId}:1` },
      { KEY_1: "secret 1", AGENT_BRIDGE_RUN: `${stateId}:${marks[1].taskId}:1` },
    ]);
  });
});

describe("stdin", () => {
  test("what is written arrives line by line, and the end of stdin is seen", async () => {
    await using running = startPuppet(["echo", "say:over"], { mark: newMark(stateId) });
    expect(await running.writeLine("grüß dich")).toEqual({ written: true });
    expect(await nextLine(running)).toBe("grüß dich");
    running.closeStdin();
    running.closeStdin();
    expect(await running.writeLine("late")).toEqual({ written: false, code: "CLOSED" });
    expect(await allLines(running)).toEqual(["over"]);
  });

  test("a closed stdin is empty from the beginning", async () => {
    await using running = startPuppet(["echo", "say:over"], {
      mark: newMark(stateId),
      stdin: "closed",
    });
    expect(await allLines(running)).toEqual(["over"]);
  });

  test("a child that stopped listening makes a write answer that it was not written, and lives on", async () => {
    await using running = startPuppet(["deaf", "say:deaf", "wait:300", "exit:3"], {
      mark: newMark(stateId),
    });
    await nextLine(running);
    await expect
      .poll(() => running.writeLine("hello"), { interval: 5 })
      // Which one depends on whether the system or the write notices first.
      .toEqual({ written: false, code: expect.stringMatching(/^(EPIPE|ECONNRESET|CLOSED)$/) });
    expect(await running.exit).toMatchObject({ type: "exited", exitCode: 3 });
  });

  test("a write to a child that does not read waits, and is given up when the child is gone", async () => {
    const running = startPuppet(["say:ready", "stay"], { mark: newMark(stateId) });
    await nextLine(running);
    let isSettled = false;
    const write = running.writeLine("x".repeat(8_000_000)).finally(() => (isSettled = true));
    // The child was up and the system's buffer is full long before a second process has come and gone.
    await startPuppet(["exit:0"], { mark: newMark(stateId) }).exit;
    expect(isSettled).toBe(false);
    await running.stop();
    expect(await write).toMatchObject({ written: false });
  });
});
