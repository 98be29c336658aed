import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { answer, answersOf, stateOf, yes } from "./answers.ts";
import { laterBoot, leaseMs } from "./bench.ts";

/** Questions that end the turn until they are answered. */
export const suspendedQuestionCases: readonly StoreCase[] = [
  {
    title:
      "S22 a suspended task holds no lease and waits for its answer, which the next attempt is given",
    run: async (bench) => {
      const { store, clock, claimed, suspend, claims, claimNext, now, types } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], begins: true });
      await suspend(claim, "q", { deadlineMs: 9e6 });
      await clock.advance(3 * leaseMs);
      expect(await claims()).toEqual([]);
      expect((await now(claim.taskId)).status).toBe("input_required");
      expect(await store.work.forfeit(laterBoot)).toBe(0);
      expect(await answer(bench, "q")).toMatchObject({ accepted: true });
      const next = await claimNext();
      expect(next).toMatchObject({
        taskId: claim.taskId,
        attempt: 2,
        cause: "answered",
        begun: false,
        openQuestion: null,
        answered: { answer: yes, state: { left: "q" } },
      });
      expect(next.task).toMatchObject({ status: "running", crashes: 0 });
      expect((await types(claim.taskId)).slice(2)).toEqual([
        "turn.question",
        "task.input_required",
        "turn.answer",
        "task.started",
      ]);
    },
  },
  {
    title: "S22 a passed deadline is a no: it makes the task claimable, and the claim records it",
    run: async (bench) => {
      const { clock, claimed, suspend, claims, claimNext } = bench;
      const claim = await claimed();
      await suspend(claim, "q", { deadlineMs: 1000 });
      await clock.advance(999);
      expect(await claims()).toEqual([]);
      await clock.advance(1);
      expect(await answer(bench, "q")).toMatchObject({
        accepted: false,
        question: { state: "expired" },
      });
      expect(await claimNext()).toMatchObject({
        cause: "answered",
        answered: { answer: { action: "decline" }, state: { left: "q" } },
      });
      expect(await answersOf(bench, claim.taskId)).toEqual([
        { questionId: "q", action: "decline", state: "expired" },
      ]);
      expect(await stateOf(bench, claim.taskId)).toEqual(["expired"]);
    },
  },
  {
    title: "S36 a wall clock that jumps passes no deadline",
    run: async ({ clock, claimed, suspend, claims }) => {
      await suspend(await claimed(), "q", { deadlineMs: 1000 });
      clock.jump(86_400_000);
      expect(await claims()).toEqual([]);
      clock.jump(-2 * 86_400_000);
      await clock.advance(1000);
      expect(await claims()).toHaveLength(1);
    },
  },
  {
    title: "an answer is given again to the attempt after one that ended before it began",
    run: async (bench) => {
      const { store, clock, claimed, suspend, claimNext } = bench;
      await suspend(await claimed(), "q");
      await answer(bench, "q");
      const answered = { answer: yes, state: { left: "q" } };
      await claimNext();
      await clock.advance(leaseMs);
      const second = await claimNext();
      expect(second).toMatchObject({ cause: "recovered", answered });
      await store.work.release(second);
      const third = await claimNext();
      expect(third).toMatchObject({ answered });
      await store.work.append(third, { events: [], begins: true });
      await clock.advance(leaseMs);
      expect(await claimNext()).toMatchObject({ cause: "recovered", answered: null, begun: true });
    },
  },
  {
    title: "a turn may be suspended again, and each attempt is given its own answer",
    run: async (bench) => {
      const { claimed, suspend, claimNext, claims } = bench;
      await suspend(await claimed(), "one");
      await answer(bench, "one");
      const second = await claimNext();
      await suspend(second, "two");
      expect(await claims()).toEqual([]);
      await answer(bench, "two");
      expect(await claimNext()).toMatchObject({ attempt: 3, answered: { state: { left: "two" } } });
    },
  },
];
