import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { silentLogger } from "@agent-bridge/core";
import { findMarked, formatMark, markVariable } from "@agent-bridge/process";
import { expect, onTestFinished, test } from "vitest";
import { stateSweeper } from "../src/sweeper.ts";

const signal = AbortSignal.timeout(15_000);
const stateId = `state-${process.pid}`;

/** A process that carries the mark of an attempt until it is ended. */
async function markedProcess(
  attempt: number,
  script = "setInterval(() => 1, 1000)",
): Promise<ChildProcess> {
  const mark = formatMark({ stateId, taskId: "task_1", attempt });
  const child = spawn(process.execPath, ["-e", `${script}; console.log(1)`], {
    env: { [markVariable]: mark },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

test("S21 what an earlier start left behind is ended by its mark", async () => {
  const left = await markedProcess(1);
  const result = await stateSweeper(stateId, silentLogger).sweep({ recorded: [], signal });
  expect(result).toEqual({ ended: 1, survivors: [] });
  await expect.poll(() => hasEnded(left)).toBe(true);
});

test("S21 a recorded pid with another start time is a stranger and is not touched", async () => {
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => 1, 1000)"]);
  onTestFinished(() => void stranger.kill("SIGKILL"));
  const { pid = 0 } = stranger;
  const recorded = [{ pid, startTime: "another/1", taskId: "task_1", attempt: 1 }];
  const result = await stateSweeper(stateId, silentLogger).sweep({ recorded, signal });
  expect(result).toEqual({ ended: 0, survivors: [] });
  expect(hasEnded(stranger)).toBe(false);
});

test("the sweep of one attempt leaves the others of the same task alone", async () => {
  const [ended, kept] = [await markedProcess(1), await markedProcess(2)];
  const only = { taskId: "task_1", attempt: 1 };
  const result = await stateSweeper(stateId, silentLogger).sweep({ recorded: [], only, signal });
  expect(result).toEqual({ ended: 1, survivors: [] });
  await expect.poll(() => hasEnded(ended)).toBe(true);
  const { processes } = await findMarked({ stateId });
  expect(processes.map(({ pid }) => pid)).toEqual([kept.pid]);
});

test("S20 what ignores SIGTERM after its attempt's grace gets no second one", async () => {
  const stubborn = await markedProcess(
    1,
    'process.on("SIGTERM", () => 1); setInterval(() => 1, 1000)',
  );
  const only = { taskId: "task_1", attempt: 1 };
  const result = await stateSweeper(stateId, silentLogger).sweep({ recorded: [], only, signal });
  expect(result).toEqual({ ended: 1, survivors: [] });
  await expect.poll(() => stubborn.signalCode).toBe("SIGKILL");
  // Without a grace nothing was asked to end first: the one that listens to SIGTERM goes the same way.
  const obedient = await markedProcess(2);
  await stateSweeper(stateId, silentLogger).sweep({
    recorded: [],
    only: { ...only, attempt: 2 },
    signal,
  });
  await expect.poll(() => obedient.signalCode).toBe("SIGKILL");
});
