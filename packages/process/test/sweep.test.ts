import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findMarked, formatMark, sweep, type ProcessMark } from "@agent-bridge/process";
import { afterEach, describe, expect, test } from "vitest";
import {
  expectNoneLeft,
  identityOf,
  innerSweeperPath,
  isRunning,
  keeperPath,
  newMark,
  newStateId,
  nextLine,
  puppetPath,
  readPids,
  startPuppet,
} from "./puppet.ts";

const stateId = newStateId();
afterEach(() => expectNoneLeft(stateId));

interface Left {
  readonly pid: number;
  readonly startTime: string;
  /** The child itself and its child, which is in a session of its own. */
  readonly pids: readonly number[];
}

/** Leaves a marked child with a grandchild behind, by killing the parent that started them. */
async function leaveBehind(mark: ProcessMark): Promise<Left> {
  const child = "child:ignore-term+say-pid:grandchild+stay";
  const verbs = ["ignore-term", "say-pid:child", child, "stay"];
  const keeper = startKeeper([puppetPath, JSON.stringify(mark), ...verbs]);
  const [line] = (await once(createInterface(keeper.stdout), "line")) as [string];
  const ended = once(keeper, "exit");
  keeper.kill("SIGKILL");
  await ended;
  return JSON.parse(line) as Left;
}

function startKeeper(args: readonly string[]) {
  return spawn(process.execPath, ["--conditions=agent-bridge-source", keeperPath, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("S21 what a killed parent left behind", () => {
  test("is found by its mark and ended with its tree, SIGTERM ignored or not", async () => {
    const mark = newMark(stateId);
    const left = await leaveBehind(mark);
    expect(left.pids.filter(isRunning)).toEqual(left.pids);
    const { found, survivors, problem } = await sweep({ stateId, graceMs: 50 });
    expect(new Set(found.map(({ pid }) => pid))).toEqual(new Set(left.pids));
    expect(found[0]).toMatchObject({ mark, foundBy: "mark" });
    expect({ survivors, problem }).toEqual({ survivors: [], problem: null });
    expect(left.pids.filter(isRunning)).toEqual([]);
  });

  test("is left alone where its run goes on, and where it is another state's", async () => {
    const otherState = newStateId();
    const mine = newMark(stateId);
    const kept = await leaveBehind(mine);
    const foreign = await leaveBehind(newMark(otherState));
    const recorded = [{ ...kept, taskId: mine.taskId, attempt: mine.attempt }];
    const result = await sweep({ stateId, keep: new Set([formatMark(mine)]), recorded });
    expect(result).toEqual({ found: [], survivors: [], problem: null, isAborted: false });
    expect([...kept.pids, ...foreign.pids].every(isRunning)).toBe(true);
    await sweep({ stateId, graceMs: 0 });
    await sweep({ stateId: otherState, graceMs: 0 });
    await expectNoneLeft(otherState);
  });
});

describe("S21 a recorded process", () => {
  const record = { taskId: "task-recorded", attempt: 1 };

  test("with the recorded pid and another start time is never touched", async () => {
    const bystander = startPuppet(["echo"], { mark: newMark(newStateId()) });
    const { pid, startTime } = identityOf(bystander);
    const recycled = { pid, startTime: `${startTime}0` };
    const result = await sweep({ stateId, recorded: [{ ...recycled, ...record }], graceMs: 50 });
    expect(result.found).toEqual([]);
    await bystander.writeLine("alive");
    expect(await nextLine(bystander)).toBe("alive");
    await bystander.stop();
  });

  test("with the recorded pid and start time is ended with its tree, also without the state's mark", async () => {
    const unmarked = startPuppet(["child:say-pid:grandchild+stay", "stay"], {
      mark: newMark(newStateId()),
    });
    const pids = await readPids(unmarked, 1);
    const recorded = [{ ...identityOf(unmarked), ...record }];
    const result = await sweep({ stateId, recorded, graceMs: 500 });
    expect(result.found.map(({ pid, foundBy }) => [pid, foundBy])).toEqual([
      [unmarked.pid, "record"],
      [pids[0], "descendant"],
    ]);
    expect(await unmarked.exit).toMatchObject({ type: "signalled", signal: "SIGTERM" });
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

test("a sweep spares itself and its ancestors, though they carry the mark", async () => {
  const sibling = startPuppet(["say:ready", "stay"], { mark: newMark(stateId) });
  await nextLine(sibling);
  const outer = spawn(
    process.execPath,
    ["--conditions=agent-bridge-source", innerSweeperPath, stateId],
    {
      env: { PATH: process.env["PATH"], AGENT_BRIDGE_RUN: formatMark(newMark(stateId)) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [[line], [exitCode]] = (await Promise.all([
    once(createInterface(outer.stdout), "line"),
    once(outer, "exit"),
  ])) as [[string], [number]];
  expect(JSON.parse(line)).toEqual({ found: [sibling.pid], survivors: 0 });
  expect(exitCode).toBe(0);
  expect(await sibling.exit).toMatchObject({ type: "signalled" });
});

test("an aborted sweep ends nothing more, and says that it was aborted", async () => {
  const running = startPuppet(["ignore-term", "say:ready", "stay"], {
    mark: newMark(stateId),
    limits: { graceMs: 0 },
  });
  await nextLine(running);
  const cancel = new AbortController();
  const swept = sweep({ stateId, graceMs: 10_000, signal: cancel.signal });
  cancel.abort();
  expect(await swept).toMatchObject({
    isAborted: true,
    survivors: [{ pid: running.pid, foundBy: "mark" }],
  });
  expect((await findMarked({ stateId })).processes.length).toBe(1);
  await running.stop();
});
