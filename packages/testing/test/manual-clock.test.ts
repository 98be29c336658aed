import { manualClock } from "@agent-bridge/testing";
import { describe, expect, test } from "vitest";

describe("the manual clock", () => {
  test("stands still, and passes time only when it is told to", async () => {
    const clock = manualClock(1000);
    expect([clock.now(), clock.steady()]).toEqual([1000, 1000]);
    await clock.advance(50);
    expect([clock.now(), clock.steady()]).toEqual([1050, 1050]);
  });

  test("calls back in the order of time, at that time, and what is set meanwhile as well", async () => {
    const clock = manualClock(0);
    const rung: [string, number][] = [];
    const ring = (name: string) => () => void rung.push([name, clock.steady()]);
    clock.timer(30, ring("third"));
    clock.timer(10, () => {
      ring("first")();
      clock.timer(10, ring("second"));
    });
    clock.timer(41, ring("later"));
    await clock.advance(40);
    expect(rung).toEqual([
      ["first", 10],
      ["second", 20],
      ["third", 30],
    ]);
    expect(clock.waiting).toBe(1);
  });

  test("a stopped timer does not call back", async () => {
    const clock = manualClock();
    let isRung = false;
    clock.timer(10, () => (isRung = true)).stop();
    await clock.advance(100);
    expect({ isRung, waiting: clock.waiting }).toEqual({ isRung: false, waiting: 0 });
  });

  test("a sleep ends in its time, or with the reason of its signal, and leaves nothing", async () => {
    const clock = manualClock();
    const abort = new AbortController();
    const slept = clock.sleep(10).then(() => "slept");
    const aborted = clock.sleep(10, abort.signal).catch((reason: unknown) => reason);
    abort.abort("enough");
    await clock.advance(10);
    expect([await slept, await aborted]).toEqual(["slept", "enough"]);
    await expect(clock.sleep(10, abort.signal)).rejects.toBe("enough");
    expect(clock.waiting).toBe(0);
  });

  test("a jump moves the wall clock alone", async () => {
    const clock = manualClock(1000);
    let isRung = false;
    clock.timer(10, () => (isRung = true));
    clock.jump(-500);
    await clock.advance(5);
    expect([clock.now(), clock.steady(), isRung]).toEqual([505, 1005, false]);
  });
});
