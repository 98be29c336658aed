import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { answer, answersOf, stateOf, yes } from "./answers.ts";
import { all, ann, failed, laterBoot, question, said } from "./bench.ts";

/** Questions inside a running turn. */
export const liveQuestionCases: readonly StoreCase[] = [
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
