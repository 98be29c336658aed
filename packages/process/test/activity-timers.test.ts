import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ActivityTimers } from "../src/activity-timers.ts";
import { resolveLimits, type ProcessLimits } from "../src/process-limits.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(limits: ProcessLimits) {
  const fired: string[] = [];
  const timers = new ActivityTimers(resolveLimits(limits), (which, limitMs) => {
    fired.push(`${which} ${limitMs} at ${Date.now() - startedAt}`);
  });
  const startedAt = Date.now();
  return { timers, fired };
}

test("without limits no timer runs", () => {
  start({}).timers.started();
  expect(vi.getTimerCount()).toBe(0);
});

test("the idle timer begins with the start, and every touch begins it anew", () => {
  const { timers, fired } = start({ startMs: 100, idleMs: 30 });
  vi.advanceTimersByTime(99);
  timers.started();
  vi.advanceTimersByTime(29);
  timers.touch();
  vi.advanceTimersByTime(29);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual(["idle 30 at 158"]);
  timers.end();
});

test("without a start limit the idle timer runs from the spawn", () => {
  const { timers, fired } = start({ idleMs: 30 });
  vi.advanceTimersByTime(30);
  expect(fired).toEqual(["idle 30 at 30"]);
  timers.end();
});

test("two holds both have to go, each once, before the idle timer begins anew", () => {
  const { timers, fired } = start({ idleMs: 30 });
  vi.advanceTimersByTime(20);
  const first = timers.holdIdle();
  const second = timers.holdIdle();
  vi.advanceTimersByTime(1000);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  timers.touch();
  vi.advanceTimersByTime(1000);
  expect(fired).toEqual([]);
  second[Symbol.dispose]();
  vi.advanceTimersByTime(30);
  expect(fired).toEqual(["idle 30 at 2050"]);
  timers.end();
});

test("a hold stops neither the start timer nor the total timer", () => {
  const { timers, fired } = start({ startMs: 10, totalMs: 20 });
  const hold = timers.holdIdle();
  vi.advanceTimersByTime(20);
  expect(fired).toEqual(["start 10 at 10", "total 20 at 20"]);
  hold[Symbol.dispose]();
  timers.end();
});

test("after the end nothing fires, whatever is still called", () => {
  const { timers, fired } = start({ startMs: 10, idleMs: 10, totalMs: 10 });
  const hold = timers.holdIdle();
  timers.end();
  timers.started();
  timers.touch();
  hold[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(fired).toEqual([]);
});

test("a limit of a month does not fire at once", () => {
  const { timers, fired } = start({ totalMs: 30 * 24 * 3600 * 1000 });
  vi.advanceTimersByTime(24 * 3600 * 1000);
  expect(fired).toEqual([]);
  timers.end();
});
