import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { answer, answersOf, stateOf, yes } from "./answers.ts";
import { all, ann, bob, leaseMs, question, worker } from "./bench.ts";

/** Who answers, and who is told to wait. */
export const answerCases: readonly StoreCase[] = [
  {
    title: "S23 a question is answered within its task's scope; elsewhere it is not there",
    run: async (bench) => {
      const { store, claimed } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      expect(await answer(bench, "q", bob)).toBeUndefined();
      expect(await answer(bench, "none", all)).toBeUndefined();
      expect(await stateOf(bench, claim.taskId)).toEqual(["open"]);
      expect(await answer(bench, "q", ann)).toMatchObject({ accepted: true });
    },
  },
  {
    title: "many answers at once: one is accepted",
    run: async (bench) => {
      const { store, claimed } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      const results = await Promise.all(Array.from({ length: 5 }, async () => answer(bench, "q")));
      expect(results.filter((result) => result?.accepted === true)).toHaveLength(1);
      expect(await answersOf(bench, claim.taskId)).toHaveLength(1);
    },
  },
  {
    title: "a message that answers an open question makes no task; else it is the task",
    run: async (bench) => {
      const { store, claimed, suspend, task, message, accept, claims } = bench;
      const claim = await claimed({ lane: "one" });
      await suspend(claim, "q");
      const reply = (key: string) => {
        const otherwise = task({ lane: "one" });
        return message(
          {},
          { key, outcome: { type: "answer", questionId: "q", answer: yes, otherwise } },
        );
      };
      const first = reply("first");
      expect(await accept(first, reply("second"), first)).toMatchObject([
        { result: "answered", questionId: "q", taskId: claim.taskId },
        { result: "task" },
        { result: "known", task: null, settled: true },
      ]);
      expect(await claims()).toMatchObject([{ taskId: claim.taskId, answered: { answer: yes } }]);
      expect(await store.intake.acksDue("chat", "queue")).toHaveLength(1);
    },
  },
  {
    title: "a sender is told once for each open question that a message has to wait",
    run: async (bench) => {
      const { store, claimed, accepted, deliverAll } = bench;
      const to = { lane: "one", destination: { to: "ann" }, waitingText: "Please answer first." };
      const claim = await claimed(to);
      await accepted(to);
      expect(await deliverAll()).toEqual([]);
      await store.work.append(claim, { events: [], ask: question("one") });
      // Nobody could be told for this one, so the next is.
      await accepted({ ...to, destination: null });
      await accepted({ ...to, waitingText: null });
      await accepted(to);
      await accepted(to);
      await accepted({ ...to, lane: "elsewhere" });
      expect(await deliverAll()).toEqual(["Please answer first."]);
      await answer(bench, "one");
      await accepted(to);
      expect(await deliverAll()).toEqual([]);
      await store.work.append(claim, { events: [], ask: question("two") });
      await accepted(to);
      await accepted(to);
      expect(await deliverAll()).toEqual(["Please answer first."]);
    },
  },
  {
    title: "a text for a task without a destination goes nowhere",
    run: async ({ store, claimed, due }) => {
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q", { text: "May I?" }) });
      expect(await due()).toEqual([]);
      expect(await store.outbox.sending(["none"], worker, leaseMs)).toEqual([]);
    },
  },
];
