import { type BridgeEvent, encodeCursor, type EventFilter, type Task } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, bob, refused, type StoreBench, type TaskSketch } from "./bench.ts";
import { acknowledgeAll, dayMs, removeTasks } from "./removal.ts";

async function gone(bench: StoreBench, sketch: TaskSketch): Promise<readonly BridgeEvent[]> {
  const task = await bench.ended(sketch);
  await acknowledgeAll(bench);
  return await bench.events({ taskId: task.id });
}

const gapAfter = async ({ store }: StoreBench, filter: EventFilter, after: string | null) =>
  (await store.log.read({ ...filter, after, limit: 1000 })).gap;

const last = (events: readonly BridgeEvent[]): BridgeEvent => {
  const event = events.at(-1);
  if (event === undefined) throw new Error("There are no events.");
  return event;
};

/** Three tasks, of which the middle one is removed. */
async function withHole(bench: StoreBench) {
  const before = await bench.accepted({ runner: "nobody" });
  const removed = await gone(bench, { lane: "shared" });
  const behind: Task = await bench.accepted({ runner: "nobody" });
  await removeTasks(bench);
  return { before, removed, behind };
}

/** What readers of the log are told of what was removed. */
export const retentionGapCases: readonly StoreCase[] = [
  {
    title: "S18 a reader that stands before what was removed is told by a gap, and then reads on",
    run: async (bench) => {
      const { store } = bench;
      const { before, removed, behind } = await withHole(bench);
      const first = (await bench.events({ taskId: before.id }))[0];
      const middle = removed[0];
      const newest = last(removed);
      for (const after of [null, first?.cursor ?? "", middle?.cursor ?? ""]) {
        const page = await store.log.read({ scope: all, after, limit: 1000 });
        expect(page.gap).toEqual({ type: "log.gap", after, through: newest.cursor });
        expect(page.events.at(-1)?.taskId).toBe(behind.id);
        expect(page.atHead).toBe(true);
      }
      for (const after of [newest.cursor, await store.log.head()])
        expect(await gapAfter(bench, { scope: all }, after)).toBeNull();
      const rest = await store.log.read({ scope: all, after: newest.cursor, limit: 10 });
      expect(rest.events.map(({ taskId }) => taskId)).toEqual([behind.id]);
    },
  },
  {
    title: "a gap is told on every page before its end, in pages of any size, and on none after it",
    run: async (bench) => {
      const { store } = bench;
      const { removed } = await withHole(bench);
      const told: (string | undefined)[] = [];
      for (let after: string | null = null; ;) {
        const page: Awaited<ReturnType<typeof store.log.read>> = await store.log.read({
          scope: all,
          after,
          limit: 1,
        });
        told.push(page.gap?.through);
        after = page.next;
        if (page.atHead) break;
      }
      const through = last(removed).cursor;
      expect(told[0]).toBe(through);
      expect(told.lastIndexOf(through)).toBeLessThanOrEqual(1);
    },
  },
  {
    title: "S23 a gap is told to those only whose events were removed",
    run: async (bench) => {
      const here = await bench.ended({ lane: "here" });
      const there = await bench.accepted({ lane: "there", runner: "nobody" });
      const foreign = await bench.accepted({ lane: "foreign", owner: "bob", runner: "nobody" });
      await acknowledgeAll(bench);
      await removeTasks(bench);
      const conversation = (task: Task): string => task.conversationId ?? "";
      const gaps = async (filter: EventFilter) => (await gapAfter(bench, filter, null)) !== null;
      expect(await gaps({ scope: all })).toBe(true);
      expect(await gaps({ scope: ann })).toBe(true);
      expect(await gaps({ scope: ann, types: ["turn.text"] })).toBe(true);
      expect(await gaps({ scope: ann, conversationId: conversation(here) })).toBe(true);
      expect(await gaps({ scope: all, conversationId: conversation(here) })).toBe(true);
      expect(await gaps({ scope: bob })).toBe(false);
      expect(await gaps({ scope: bob, conversationId: conversation(here) })).toBe(false);
      expect(await gaps({ scope: ann, conversationId: conversation(there) })).toBe(false);
      expect(await gaps({ scope: ann, conversationId: conversation(foreign) })).toBe(false);
      expect(await gaps({ scope: ann, conversationId: "none" })).toBe(false);
      expect(await gaps({ scope: all, taskId: here.id })).toBe(false);
      expect(await gaps({ scope: all, taskId: there.id })).toBe(false);
    },
  },
  {
    title: "a log from which nothing was removed has no gap",
    run: async (bench) => {
      await bench.ended();
      await bench.accepted();
      expect(await removeTasks(bench, { olderThanMs: dayMs })).toEqual({ tasks: 0, events: 0 });
      for (const scope of [all, ann, bob])
        expect(await gapAfter(bench, { scope }, null)).toBeNull();
    },
  },
  {
    title: "places of the log are never used again, also when everything was removed",
    run: async (bench) => {
      const { store, accepted } = bench;
      const seen = new Set<string>();
      for (let round = 1; round <= 3; round++) {
        const removed = await gone(bench, {});
        for (const { cursor } of removed) {
          expect(seen).not.toContain(cursor);
          seen.add(cursor);
        }
        const head = await store.log.head();
        await removeTasks(bench);
        expect(await store.log.head()).toBe(head);
        const nothing = { events: [], next: head, atHead: true };
        expect(await store.log.read({ scope: all, after: head, limit: 10 })).toEqual({
          ...nothing,
          gap: null,
        });
        expect(await store.log.read({ scope: all, after: null, limit: 10 })).toMatchObject(nothing);
        await refused(
          store.log.read({ scope: all, after: encodeCursor(store.id, seen.size + 1), limit: 1 }),
          "CURSOR_AHEAD",
        );
      }
      const head = await store.log.head();
      const { id } = await accepted();
      const { events } = await store.log.read({ scope: all, after: head, limit: 10 });
      expect(events).toMatchObject([{ taskId: id, seq: 1, type: "task.created" }]);
      expect(seen).not.toContain(events[0]?.cursor);
    },
  },
  {
    title: "a cursor of a removed event skips nothing and repeats nothing",
    run: async (bench) => {
      const { store } = bench;
      const removed: BridgeEvent[] = [];
      for (let round = 0; round < 4; round++) {
        await bench.accepted({ runner: "nobody" });
        removed.push(...(await gone(bench, {})));
      }
      const whole = await bench.events();
      await removeTasks(bench);
      for (const { cursor } of removed) {
        const place = whole.findIndex((event) => event.cursor === cursor);
        const wanted = whole
          .slice(place + 1)
          .filter((event) => !removed.some((one) => one.cursor === event.cursor));
        const { events } = await store.log.read({ scope: all, after: cursor, limit: 1000 });
        expect(events).toEqual(wanted);
      }
    },
  },
];
