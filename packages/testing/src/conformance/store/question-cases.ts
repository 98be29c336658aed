import type { Answer, Scope } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import {
  all,
  ann,
  bob,
  failed,
  laterBoot,
  leaseMs,
  question,
  said,
  type StoreBench,
  worker,
} from "./bench.ts";

const yes: Answer = { action: "accept", by: "ann" };

const answer = async ({ store }: StoreBench, questionId: string, scope: Scope = all) =>
  await store.intake.answer({ questionId, scope, answer: yes });

const stateOf = async ({ store }: StoreBench, taskId: string) =>
  (await store.queries.questions(taskId, all)).map(({ state }) => state);

/** The answers in a task's log. */
const answersOf = async ({ events }: StoreBench, taskId: string) =>
  (await events({ taskId, types: ["turn.answer"] })).map(({ data }) => data);

/** Questions inside a running turn. */
const liveCases: readonly StoreCase[] = [
  {
    title:
      "a live question is stored with its events, changes the status, and is sent to the person",
    run: async ({ store, clock, claimed, now, due }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      const asked = question("q", { text: "May I?", bindsTo: "ab".repeat(32) });
      const written = await store.work.append(claim, { events: [said("hm")], ask: asked });
      const { text: _, deadlineMs, id, ...content } = asked;
      const deadlineAt = clock.now() + deadlineMs;
      expect(written.map(({ type, data }) => ({ type, data }))).toEqual([
        { type: "turn.text", data: { text: "hm", delta: false } },
        { type: "turn.question", data: { ...content, questionId: id, deadlineAt } },
        { type: "task.input_required", data: { questionId: id } },
      ]);
      expect((await now(claim.taskId)).status).toBe("input_required");
      const stored = {
        ...content,
        id,
        taskId: claim.taskId,
        mode: "live",
        state: "open",
        askedAt: clock.now(),
        deadlineAt,
        answer: null,
      };
      expect(await store.queries.questions(claim.taskId, ann)).toEqual([stored]);
      const { conversationId } = claim.task;
      expect(await store.queries.openQuestion(conversationId ?? "")).toEqual({
        ...stored,
        sender: "ann",
      });
      expect(await due()).toMatchObject([{ type: "question", text: "May I?" }]);
      expect((await store.queries.stats()).openQuestions).toBe(1);
    },
  },
  {
    title: "an answer resumes the turn, its worker is told, and no other answer counts after it",
    run: async (bench) => {
      const { store, claimed, now } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      expect(await answer(bench, "q")).toMatchObject({
        accepted: true,
        question: { id: "q", state: "answered", answer: yes },
      });
      expect((await now(claim.taskId)).status).toBe("running");
      expect(await store.work.news([claim])).toMatchObject([
        { held: true, question: { id: "q", state: "answered", answer: yes } },
      ]);
      expect(await answersOf(bench, claim.taskId)).toEqual([
        { ...yes, questionId: "q", state: "answered" },
      ]);
      const again = { questionId: "q", scope: all, answer: { action: "decline" } } as const;
      expect(await store.intake.answer(again)).toMatchObject({
        accepted: false,
        question: { state: "answered", answer: yes },
      });
      expect(await answersOf(bench, claim.taskId)).toHaveLength(1);
      expect((await store.queries.stats()).openQuestions).toBe(0);
      expect(await store.queries.openQuestion(claim.task.conversationId ?? "")).toBeUndefined();
    },
  },
  {
    title: "past its deadline a live question is no longer open; its worker records that",
    run: async (bench) => {
      const { store, clock, claimed, now } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q", { deadlineMs: 1000 }) });
      await clock.advance(999);
      expect(await store.queries.openQuestion(claim.task.conversationId ?? "")).toBeDefined();
      await clock.advance(1);
      expect(await store.queries.openQuestion(claim.task.conversationId ?? "")).toBeUndefined();
      expect(await answer(bench, "q")).toMatchObject({
        accepted: false,
        question: { state: "expired" },
      });
      expect(await store.work.news([claim])).toMatchObject([{ question: { state: "expired" } }]);
      const close = { questionId: "q", state: "expired" } as const;
      const written = await store.work.append(claim, { events: [said("no, then")], close });
      expect(written.map(({ type }) => type)).toEqual(["turn.text", "turn.answer"]);
      expect((await now(claim.taskId)).status).toBe("running");
      expect(await answersOf(bench, claim.taskId)).toEqual([
        { questionId: "q", action: "decline", state: "expired" },
      ]);
    },
  },
  {
    title:
      "closing a question that is no longer open, or is another task's, stores the rest and leaves it",
    run: async (bench) => {
      const { store, claimed, now } = bench;
      const other = await claimed();
      await store.work.append(other, { events: [], ask: question("other") });
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      await answer(bench, "q");
      for (const questionId of ["q", "other", "none"]) {
        const close = { questionId, state: "void" } as const;
        const written = await store.work.append(claim, { events: [said("x")], close });
        expect(written.map(({ type }) => type)).toEqual(["turn.text"]);
      }
      expect(await stateOf(bench, claim.taskId)).toEqual(["answered"]);
      expect(await stateOf(bench, other.taskId)).toEqual(["open"]);
      expect((await now(other.taskId)).status).toBe("input_required");
    },
  },
  {
    title: "a turn asks one question at a time: a new one closes the open one as void",
    run: async (bench) => {
      const { store, claimed } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("one") });
      const written = await store.work.append(claim, { events: [], ask: question("two") });
      expect(written.map(({ type }) => type)).toEqual([
        "turn.answer",
        "turn.question",
        "task.input_required",
      ]);
      expect(await stateOf(bench, claim.taskId)).toEqual(["void", "open"]);
      expect((await store.queries.stats()).openQuestions).toBe(1);
    },
  },
  {
    title:
      "S22 a live question dies with its attempt: void for readers and answers, and given to be closed",
    run: async (bench) => {
      const { store, claimed, claimNext } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      await store.work.forfeit(laterBoot);
      expect(await stateOf(bench, claim.taskId)).toEqual(["void"]);
      expect(await answer(bench, "q")).toMatchObject({
        accepted: false,
        question: { state: "void" },
      });
      expect(await store.queries.openQuestion(claim.task.conversationId ?? "")).toBeUndefined();
      const next = await claimNext({ worker: laterBoot });
      expect(next).toMatchObject({ cause: "recovered", openQuestion: { id: "q", mode: "live" } });
      expect(next.task.status).toBe("running");
      expect(await answer(bench, "q")).toMatchObject({
        accepted: false,
        question: { state: "void" },
      });
      const close = { questionId: "q", state: "void" } as const;
      await store.work.append(next, { events: [], close });
      expect(await answersOf(bench, claim.taskId)).toEqual([
        { questionId: "q", action: "decline", state: "void" },
      ]);
      expect((await store.queries.stats()).openQuestions).toBe(0);
      await store.work.release(next);
      expect((await claimNext()).openQuestion).toBeNull();
    },
  },
  {
    title: "the end of a task closes its open question as void, before the terminal event",
    run: async (bench) => {
      const { store, claimed, finish, types } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      await finish(claim, failed("timeout"), [said("last words")]);
      expect((await types(claim.taskId)).slice(-3)).toEqual([
        "turn.text",
        "turn.answer",
        "task.failed",
      ]);
      expect(await answer(bench, "q")).toMatchObject({
        accepted: false,
        question: { state: "void" },
      });
      expect((await types(claim.taskId)).at(-1)).toBe("task.failed");
    },
  },
];

/** Questions that end the turn until they are answered. */
const suspendedCases: readonly StoreCase[] = [
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

/** Who answers, and who is told to wait. */
const answerCases: readonly StoreCase[] = [
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

export const questionCases: readonly StoreCase[] = [
  ...liveCases,
  ...suspendedCases,
  ...answerCases,
];
