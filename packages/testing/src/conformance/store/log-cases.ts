import { encodeCursor, type BridgeEvent, type EventFilter, type Store } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, bob, refused, said, type StoreBench } from "./bench.ts";

/** Two owners' tasks with events that alternate. */
async function mixedLog({ store, claimed, finish }: StoreBench) {
  const [one, two] = [await claimed({ lane: "one" }), await claimed({ lane: "two", owner: "bob" })];
  for (let round = 0; round < 4; round++) {
    await store.work.append(one, { events: [said(`one ${round}`), said("x", true)] });
    await store.work.append(two, {
      events: [{ type: "turn.thinking", data: { text: `two ${round}`, delta: false } }],
    });
  }
  await finish(one);
  return { one: one.task, two: two.task };
}

/** Reads on from a cursor to the head, in pages of this size. */
async function readOn(
  store: Store,
  filter: EventFilter,
  from: { after: string | null; limit: number },
) {
  const events: BridgeEvent[] = [];
  let { after } = from;
  for (;;) {
    const page = await store.log.read({ ...filter, after, limit: from.limit });
    expect(page.events.length).toBeLessThanOrEqual(from.limit);
    events.push(...page.events);
    after = page.next;
    if (page.atHead) return { events, next: after };
  }
}

const filtersOf = ({ one, two }: Awaited<ReturnType<typeof mixedLog>>): readonly EventFilter[] => [
  { scope: all },
  { scope: ann },
  { scope: bob },
  { scope: all, taskId: one.id },
  { scope: all, taskId: two.id, types: ["turn.thinking"] },
  { scope: all, conversationId: two.conversationId ?? "" },
  { scope: ann, types: ["turn.text", "task.completed"] },
  { scope: ann, taskId: two.id },
  { scope: all, taskId: "none" },
  { scope: all, taskId: one.id, conversationId: two.conversationId ?? "" },
  { scope: bob, conversationId: one.conversationId ?? "" },
];

/** What a filter lets through, by the events themselves. */
const matches =
  (filter: EventFilter, owners: ReadonlyMap<string, string>) => (event: BridgeEvent) =>
    ("all" in filter.scope || owners.get(event.taskId) === filter.scope.owner) &&
    (filter.taskId === undefined || event.taskId === filter.taskId) &&
    (filter.conversationId === undefined || event.conversationId === filter.conversationId) &&
    (filter.types === undefined || filter.types.includes(event.type));

/** The log: order, filters, cursors, pages. */
export const logCases: readonly StoreCase[] = [
  {
    title: "a task's seq counts from 1 without gaps, and the cursors order the whole log",
    run: async (bench) => {
      const { one, two } = await mixedLog(bench);
      const log = await bench.events();
      for (const { id } of [one, two]) {
        const seqs = log.filter(({ taskId }) => taskId === id).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, place) => place + 1));
      }
      expect(new Set(log.map(({ cursor }) => cursor)).size).toBe(log.length);
      for (const [place, { cursor }] of log.entries()) {
        const rest = await bench.store.log.read({ scope: all, after: cursor, limit: 1000 });
        expect(rest.events).toEqual(log.slice(place + 1));
      }
    },
  },
  {
    title: "every filter gives what matches and no more, in pages of any size",
    run: async (bench) => {
      const tasks = await mixedLog(bench);
      const owners = new Map([tasks.one, tasks.two].map(({ id, owner }) => [id, owner]));
      const log = await bench.events();
      for (const filter of filtersOf(tasks)) {
        const wanted = log.filter(matches(filter, owners));
        for (const limit of [1, 3, 1000]) {
          const { events } = await readOn(bench.store, filter, { after: null, limit });
          expect({ filter, limit, events }).toEqual({ filter, limit, events: wanted });
        }
      }
    },
  },
  {
    title:
      "S14 a cursor that was taken under one filter skips nothing and repeats nothing under another",
    run: async (bench) => {
      const tasks = await mixedLog(bench);
      const { store } = bench;
      const owners = new Map([tasks.one, tasks.two].map(({ id, owner }) => [id, owner]));
      const log = await bench.events();
      for (const taken of filtersOf(tasks)) {
        const page = await store.log.read({ ...taken, after: null, limit: 2 });
        const { events: rest } = await readOn(
          store,
          { scope: all },
          { after: page.next, limit: 3 },
        );
        // The cursor divides the log: the page has all that matched before it, and another read the rest.
        const before = log.slice(0, log.length - rest.length);
        expect(rest).toEqual(log.slice(before.length));
        expect(page.events).toEqual(before.filter(matches(taken, owners)));
        for (const filter of filtersOf(tasks)) {
          const { events } = await readOn(store, filter, { after: page.next, limit: 3 });
          expect(events).toEqual(rest.filter(matches(filter, owners)));
        }
      }
    },
  },
  {
    title:
      "a read gives where to go on from, also when nothing matched, and says when nothing is left",
    run: async (bench) => {
      const { store, claimed } = bench;
      const { taskId } = await claimed();
      const nothing = await store.log.read({ scope: bob, after: null, limit: 10 });
      expect(nothing).toEqual({
        events: [],
        next: await store.log.head(),
        atHead: true,
        gap: null,
      });
      const again = { scope: all, after: nothing.next, limit: 10 };
      expect(await store.log.read(again)).toEqual(nothing);
      const first = await store.log.read({ scope: all, after: null, limit: 1 });
      expect(first).toMatchObject({ atHead: false, next: first.events[0]?.cursor });
      await bench.finish({ taskId, attempt: 1 });
      expect((await store.log.read(again)).events.map(({ type }) => type)).toEqual([
        "task.completed",
      ]);
    },
  },
  {
    title: "what matches is found however much lies before it",
    run: async (bench) => {
      const { store, claimed, accepted } = bench;
      const claim = await claimed();
      const flood = Array.from({ length: 1500 }, (_, number) => said(`${number}`, true));
      for (let round = 0; round < 4; round++) await store.work.append(claim, { events: flood });
      const { id } = await accepted({ owner: "bob" });
      for (const filter of [
        { scope: bob },
        { scope: all, taskId: id },
        { scope: all, types: ["task.created"] },
      ] as const) {
        const { events } = await readOn(store, filter, { after: null, limit: 100 });
        expect(events.map(({ type }) => type)).toContain("task.created");
        expect(events.at(-1)?.taskId).toBe(id);
      }
    },
  },
  {
    title: "a limit is kept within 1 and 10,000",
    run: async (bench) => {
      const { store, claimed } = bench;
      const claim = await claimed();
      const flood = Array.from({ length: 5100 }, () => said("", true));
      await store.work.append(claim, { events: flood });
      await store.work.append(claim, { events: flood });
      const read = async (limit: number) =>
        (await store.log.read({ scope: all, taskId: claim.taskId, after: null, limit })).events
          .length;
      expect([await read(0), await read(-5), await read(1_000_000)]).toEqual([1, 1, 10_000]);
    },
  },
  {
    title:
      "S18 a cursor that is malformed, of another store, or ahead of the log is an error of its own",
    run: async ({ store, accepted }) => {
      await accepted();
      const read = async (after: string) => await store.log.read({ scope: all, after, limit: 1 });
      for (const cursor of [
        "",
        "x",
        "1",
        store.id,
        `${store.id}.`,
        `${store.id}.-1`,
        `${store.id}.1 `,
        `${store.id}.1e99999999999`,
      ])
        await refused(read(cursor), "CURSOR_INVALID");
      await refused(read(encodeCursor("another", 0)), "CURSOR_FOREIGN");
      await refused(read(encodeCursor(store.id, 2)), "CURSOR_AHEAD");
      expect((await read(encodeCursor(store.id, 1))).atHead).toBe(true);
    },
  },
  {
    title:
      "the id of a store is lower-case letters and digits, and its head is a cursor from the beginning",
    run: async ({ store }) => {
      expect(store.id).toMatch(/^[a-z0-9]{1,64}$/);
      const head = await store.log.head();
      expect(await store.log.read({ scope: all, after: head, limit: 1 })).toEqual({
        events: [],
        next: head,
        atHead: true,
        gap: null,
      });
    },
  },
];
