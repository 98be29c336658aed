import { silentLogger } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { expect, test, vi } from "vitest";
import { untilSelfEnd, type SelfEndWatch, type StopCause } from "../src/self-end.ts";

const minuteMs = 60_000;

function watch(over: Partial<SelfEndWatch> = {}) {
  const clock = manualClock();
  const ending = new AbortController();
  const onEnd = vi.fn<(cause: StopCause) => void>();
  const ended = untilSelfEnd({
    locks: [],
    idleMs: 15 * minuteMs,
    isBusy: () => Promise.resolve(false),
    clock,
    logger: silentLogger,
    signal: ending.signal,
    ...over,
  }).then(onEnd, () => undefined);
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
    expect(clock.waiting).toBe(0);
  };
  return { clock, onEnd, stop };
}

test("a daemon that was started on demand ends after its idle time", async () => {
  const { clock, onEnd, stop } = watch();
  await clock.advance(14 * minuteMs);
  expect(onEnd).not.toHaveBeenCalled();
  await clock.advance(2 * minuteMs);
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("idle");
  await stop();
});

test("the idle time begins anew with whatever goes on", async () => {
  let isBusy = true;
  const { clock, onEnd, stop } = watch({ isBusy: () => Promise.resolve(isBusy) });
  await clock.advance(60 * minuteMs);
  isBusy = false;
  await clock.advance(14 * minuteMs);
  isBusy = true;
  await clock.advance(minuteMs);
  isBusy = false;
  await clock.advance(14 * minuteMs);
  expect(onEnd).not.toHaveBeenCalled();
  await clock.advance(2 * minuteMs);
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("idle");
  await stop();
});

test("S36 a jump of the wall clock ends no daemon", async () => {
  const { clock, onEnd, stop } = watch();
  clock.jump(24 * 60 * minuteMs);
  await clock.advance(10 * minuteMs);
  clock.jump(-48 * 60 * minuteMs);
  await clock.advance(3 * minuteMs);
  expect(onEnd).not.toHaveBeenCalled();
  await stop();
});

test("one that a person started stays, and so does one that can not tell whether it is idle", async () => {
  const persons = watch({ idleMs: null });
  const unsure = watch({ isBusy: () => Promise.reject(new Error("the store is full")) });
  for (const { clock, onEnd, stop } of [persons, unsure]) {
    await clock.advance(10 * 60 * minuteMs);
    expect(onEnd).not.toHaveBeenCalled();
    await stop();
  }
});

test("S35 the loss of a lock ends it within seconds, whatever goes on", async () => {
  let isHeld = true;
  const lock = { path: "/state/lock.db", isHeld: () => isHeld, [Symbol.dispose]: () => undefined };
  const { clock, onEnd, stop } = watch({ locks: [lock], isBusy: () => Promise.resolve(true) });
  await clock.advance(5 * minuteMs);
  expect(onEnd).not.toHaveBeenCalled();
  isHeld = false;
  await clock.advance(2000);
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("lock_lost");
  await stop();
});
