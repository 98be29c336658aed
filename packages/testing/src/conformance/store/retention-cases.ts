import type { Task } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, chat, completed, said, worker } from "./bench.ts";
import { acknowledgeAll, dayMs, left, over, removeTasks } from "./removal.ts";

const toAnn = { destination: { to: "ann" } };

/** Ended tasks: what is removed of them, when, and in which order. */
export const retentionCases: readonly StoreCase[] = [
  {
    title: "an ended task is removed whole: as if it had never been",
    run: async (bench) => {
      const { store, claimed, finish, clock } = bench;
      const { queries, log } = store;
      const claim = await claimed({ lane: "lane", ...toAnn });
      await store.work.append(claim, {
        events: [],
        ask: {
          id: "question",
          type: "approval",
          title: "?",
          details: {},
          deadlineMs: 1,
          text: "May I?",
        },
      });
      await clock.advance(10);
      const task = await finish(claim, completed("done"), [said("well")]);
      await bench.deliverAll();
      await acknowledgeAll(bench);
      const { id: taskId, conversationId } = task;
      const later = await bench.accepted({ lane: "lane", text: "and then?" });
      const events = (await bench.events({ taskId })).length;
      expect(await removeTasks(bench)).toEqual({ tasks: 1, events });
      expect(await queries.task(taskId, all)).toBeUndefined();
      expect(await bench.events({ taskId })).toEqual([]);
      expect(await queries.questions(taskId, all)).toEqual([]);
      expect((await bench.events()).map((event) => event.taskId)).toEqual([later.id]);
      expect((await queries.tasks({ scope: all }, { limit: 10, after: null })).items).toEqual([
        later,
      ]);
      expect(await queries.history(conversationId ?? "", all)).toMatchObject([
        { role: "user", text: "and then?" },
      ]);
      expect((await queries.stats()).tasks).toMatchObject({ completed: 0, pending: 1 });
      expect(await bench.cancel(taskId)).toBeUndefined();
      const metadata = { taskId, scope: all, metadata: {} };
      expect(await store.intake.mergeMetadata(metadata)).toBeUndefined();
      const answer = { questionId: "question", scope: all, answer: { action: "accept" } } as const;
      expect(await store.intake.answer(answer)).toBeUndefined();
      expect((await log.read({ scope: ann, taskId, after: null, limit: 1 })).gap).toBeNull();
      expect(await removeTasks(bench)).toEqual({ tasks: 0, events: 0 });
    },
  },
  {
    title: "the age of a task counts from its end, and the oldest end goes first",
    run: async (bench) => {
      const { claimed, finish, clock, store } = bench;
      const claims = [await claimed(), await claimed(), await claimed()];
      const order = [2, 0, 1];
      for (const place of order) {
        await clock.advance(dayMs);
        const claim = claims[place];
        if (claim !== undefined) await finish(claim);
      }
      await acknowledgeAll(bench);
      const tasks = claims.map(({ task }) => task);
      expect((await removeTasks(bench, { olderThanMs: 3 * dayMs })).tasks).toBe(0);
      const step = { olderThanMs: dayMs, keepBytes: 0, limit: 1, after: null };
      expect((await store.retention.removeTasks(step)).count).toBe(1);
      expect(await left(bench, tasks)).toEqual([0, 1]);
      expect((await removeTasks(bench, { olderThanMs: dayMs })).tasks).toBe(1);
      expect(await left(bench, tasks)).toEqual([1]);
      await clock.advance(dayMs);
      expect((await removeTasks(bench, { olderThanMs: dayMs })).tasks).toBe(1);
      expect(await left(bench, tasks)).toEqual([]);
    },
  },
  {
    title: "S36 a wall clock that jumps removes nothing early",
    run: async (bench) => {
      const task = await over(bench);
      bench.clock.jump(400 * dayMs);
      expect((await removeTasks(bench, { olderThanMs: dayMs })).tasks).toBe(0);
      bench.clock.jump(-800 * dayMs);
      await bench.clock.advance(dayMs);
      expect((await removeTasks(bench, { olderThanMs: dayMs })).tasks).toBe(1);
      expect(await left(bench, [task])).toEqual([]);
    },
  },
  {
    title: "an open task is never removed, however old it is and however little room there is",
    run: async (bench) => {
      const { accepted, claimed, suspend, clock, now, store, finish } = bench;
      // Of direct calls, which nothing else keeps.
      const direct = { from: null };
      const running = await claimed({}, direct);
      const asking = await claimed({}, direct);
      await suspend(asking, "q", { deadlineMs: 1000 * dayMs });
      const released = await claimed({}, direct);
      await store.work.release(released, { notBeforeMs: 1000 * dayMs });
      const pending = await accepted({ runner: "another" }, direct);
      await over(bench);
      await clock.advance(100 * dayMs);
      expect((await removeTasks(bench)).tasks).toBe(1);
      expect((await removeTasks(bench, { keepBytes: 1 })).tasks).toBe(0);
      for (const { id } of [running.task, asking.task, released.task, pending])
        expect((await now(id)).endedAt).toBeNull();
      expect((await finish(running)).status).toBe("completed");
      expect(await bench.types(running.taskId)).toEqual([
        "task.created",
        "task.started",
        "task.completed",
      ]);
    },
  },
  {
    title: "a task stays until its reply is delivered and its message is acknowledged",
    run: async (bench) => {
      const { ended, sending, store, clock } = bench;
      const task = await ended(toAnn);
      const remove = async (): Promise<number> => {
        await clock.advance(dayMs);
        return (await removeTasks(bench)).tasks;
      };
      expect(await remove(), "with a pending reply").toBe(0);
      const [item] = await sending();
      expect(await remove(), "while it is sent").toBe(0);
      const result = { delayMs: 0, detail: "", unknown: true };
      await store.outbox.postpone(item?.id ?? "", worker, result);
      expect(await remove(), "after a try").toBe(0);
      const [again] = await sending();
      await store.outbox.delivered(again?.id ?? "", worker, { ref: null, repeated: true });
      expect(await remove(), "with its message").toBe(0);
      expect((await store.intake.acksDue(chat, "queue")).length).toBe(1);
      await acknowledgeAll(bench);
      expect(await remove()).toBe(1);
      expect(await left(bench, [task])).toEqual([]);
      expect(await store.intake.acksDue(chat, "queue")).toEqual([]);
    },
  },
  {
    title:
      "a task that waits for no acknowledgement stays until its reply is sent, or goes at once",
    run: async (bench) => {
      const { claimed, finish, deliverAll } = bench;
      await finish(await claimed({}, { from: null }));
      const replied = await finish(await claimed(toAnn, { from: null }));
      expect((await removeTasks(bench)).tasks).toBe(1);
      expect(await left(bench, [replied])).toEqual([0]);
      expect(await deliverAll()).toEqual(["done"]);
      expect((await removeTasks(bench)).tasks).toBe(1);
    },
  },
  {
    title: "a task stays as long as a dead letter that was its reply, which can be taken up again",
    run: async (bench) => {
      const { ended, sending, store, deliverAll } = bench;
      const task = await ended(toAnn, completed("late"));
      const [item] = await sending();
      const letter = { id: "d", reason: "reply_expired", detail: "" } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      await acknowledgeAll(bench);
      expect((await removeTasks(bench)).tasks).toBe(0);
      const retry = { deadLetterId: "d", outcome: null };
      expect(await store.intake.retryDeadLetter(retry)).toMatchObject({ result: "queued" });
      expect((await removeTasks(bench)).tasks).toBe(0);
      expect(await deliverAll()).toEqual(["late"]);
      expect((await removeTasks(bench)).tasks).toBe(1);
      expect(await left(bench, [task])).toEqual([]);
    },
  },
  {
    title: "what can not be removed yet holds up nothing behind it, in steps of any size",
    run: async (bench) => {
      const { ended, clock } = bench;
      for (const limit of [1, 2, 100]) {
        const tasks: Task[] = [];
        for (let count = 0; count < 6; count++) {
          await clock.advance(1000);
          tasks.push(count % 2 === 0 ? await ended(toAnn) : await ended());
        }
        await acknowledgeAll(bench);
        expect((await removeTasks(bench, { limit })).tasks).toBe(3);
        expect(await left(bench, tasks)).toEqual([0, 2, 4]);
        await bench.deliverAll();
        await acknowledgeAll(bench);
        expect((await removeTasks(bench, { limit })).tasks).toBe(3);
      }
    },
  },
];
