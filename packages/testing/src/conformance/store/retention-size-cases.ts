import type { Task } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { laterBoot, otherNode, said, type StoreBench } from "./bench.ts";
import { acknowledgeAll, left, over, removeTasks } from "./removal.ts";

/** An ended task whose log has at least so many bytes. */
async function large(bench: StoreBench, bytes: number): Promise<Task> {
  const claim = await bench.claimed();
  const events = Array.from({ length: Math.ceil(bytes / 50_000) }, () => said("x".repeat(50_000)));
  await bench.store.work.append(claim, { events });
  const task = await bench.finish(claim);
  await acknowledgeAll(bench);
  return task;
}

/** Ended tasks: how much of them is kept, and what goes on beside their removal. */
export const retentionSizeCases: readonly StoreCase[] = [
  {
    title: "by size: the oldest go until the store uses no more than it may, and not one further",
    run: async (bench) => {
      const { store, clock } = bench;
      const tasks: Task[] = [];
      for (let count = 0; count < 6; count++) {
        await clock.advance(1000);
        tasks.push(await large(bench, 500_000));
      }
      const { usedBytes } = await store.retention.size();
      expect(usedBytes).toBeGreaterThan(3_000_000);
      const keepAll = { keepBytes: usedBytes };
      expect((await removeTasks(bench, keepAll)).tasks).toBe(0);
      const young = { keepBytes: 1, olderThanMs: 60_000 };
      expect((await removeTasks(bench, young)).tasks, "younger than asked for").toBe(0);
      const keepBytes = usedBytes - 1_100_000;
      const { tasks: removed } = await removeTasks(bench, { keepBytes });
      expect([3, 4]).toContain(removed);
      expect(await left(bench, tasks)).toEqual([0, 1, 2, 3, 4, 5].slice(removed));
      const now = await store.retention.size();
      expect(now.usedBytes).toBeLessThanOrEqual(keepBytes);
      expect(now.totalBytes).toBeGreaterThanOrEqual(now.usedBytes);
      await removeTasks(bench);
      expect((await store.retention.size()).usedBytes).toBeLessThan(now.usedBytes);
    },
  },
  {
    title: "a task with a long log is gone for its readers at once, and nothing else with it",
    run: async (bench) => {
      const { store, claimed, finish, events } = bench;
      const [long, other] = [await claimed(), await claimed()];
      for (let round = 0; round < 3; round++) {
        await store.work.append(long, {
          events: Array.from({ length: 1500 }, (_, n) => said(`${n}`, true)),
        });
        await store.work.append(other, { events: [said(`other ${round}`)] });
      }
      await finish(long);
      await acknowledgeAll(bench);
      const before = await events({ taskId: other.taskId });
      const step = { olderThanMs: 0, keepBytes: 0, limit: 100, after: null };
      expect((await store.retention.removeTasks(step)).events).toBe(4503);
      expect(await events({ taskId: long.taskId })).toEqual([]);
      expect(await events()).toEqual(before);
      await removeTasks(bench);
      await store.work.append(other, { events: [said("more")] });
      await finish(other);
      const seqs = (await events({ taskId: other.taskId })).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, place) => place + 1));
      expect(await events()).toEqual(await events({ taskId: other.taskId }));
    },
  },
  {
    title: "a conversation goes on after its tasks were removed: its lane, its session, its links",
    run: async (bench) => {
      const { store, claimed, finish, accepted } = bench;
      const first = await claimed({ lane: "lane" });
      const session = { id: "session", state: { memory: 1 } };
      await store.work.append(first, { events: [], session });
      await finish(first);
      await acknowledgeAll(bench);
      await removeTasks(bench);
      const next = await claimed({ lane: "lane", continues: first.taskId });
      expect(next.task).toMatchObject({
        conversationId: first.task.conversationId,
        continues: first.taskId,
      });
      expect(next.session).toEqual(session);
      const waiting = await accepted({ lane: "lane" });
      expect(await bench.claims()).toEqual([]);
      await finish(next);
      expect((await bench.claimNext()).taskId).toBe(waiting.id);
    },
  },
  {
    title: "two who remove at once remove each task once, and disturb nobody who works",
    run: async (bench) => {
      const { store, claimed, finish } = bench;
      const tasks: Task[] = [];
      for (let count = 0; count < 20; count++) tasks.push(await over(bench));
      const busy = await claimed();
      const removals = await Promise.all([
        removeTasks(bench, { limit: 3 }),
        removeTasks(bench, { limit: 7 }),
        ...Array.from({ length: 10 }, async () => {
          await store.work.append(busy, { events: [said("on it")] });
          return { tasks: 0 };
        }),
      ]);
      expect(removals.reduce((sum, { tasks: count }) => sum + count, 0)).toBe(20);
      expect(await left(bench, tasks)).toEqual([]);
      await finish(busy);
      expect(await bench.events({ taskId: busy.taskId })).toHaveLength(13);
    },
  },
  {
    title: "what an attempt of a removed task still writes is refused",
    run: async (bench) => {
      const { store, claimed, finish } = bench;
      const claim = await claimed();
      await finish(claim);
      await acknowledgeAll(bench);
      await removeTasks(bench);
      const late = store.work.append(claim, { events: [said("late")] });
      await expect(late).rejects.toMatchObject({ code: "CLAIM_LOST" });
      expect(await store.work.news([claim])).toMatchObject([{ held: false, question: null }]);
      expect(await store.work.forfeit(laterBoot)).toBe(0);
      expect(await store.work.processes(otherNode.node)).toEqual([]);
      expect(await bench.events()).toEqual([]);
    },
  },
];
