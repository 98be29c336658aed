import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, completed, laterBoot, leaseMs, otherNode, question, worker } from "./bench.ts";
import { failure, replies, sent, texts } from "./replies.ts";

/** Replies on their way out. */
export const outboxCases: readonly StoreCase[] = [
  {
    title: "first in, first out for each destination, and no destination waits for another",
    run: async (bench) => {
      const {
        store: { outbox },
        due,
        sending,
      } = bench;
      await replies(bench, "ann", "bob", "ann", "bob", "cid");
      expect(texts(await due())).toEqual(["reply 0", "reply 1", "reply 4"]);
      expect(texts(await due(2))).toEqual(["reply 0", "reply 1"]);
      const [first, second, third] = await sending();
      expect(await due()).toEqual([]);
      await outbox.postpone(second?.id ?? "", worker, failure);
      await outbox.delivered(first?.id ?? "", worker, sent);
      expect(texts(await due())).toEqual(["reply 2"]);
      await outbox.delivered(third?.id ?? "", worker, sent);
      expect(texts(await due())).toEqual(["reply 2"]);
      await bench.clock.advance(1000);
      expect(texts(await due())).toEqual(["reply 1", "reply 2"]);
    },
  },
  {
    title:
      "destinations that are equal are one line, however their keys are ordered; channels are apart",
    run: async ({ store: { outbox }, ended, due }) => {
      await ended({ destination: { to: "ann", in: { b: 1, a: [2] } } }, completed("one"));
      await ended({ destination: { in: { a: [2], b: 1 }, to: "ann" } }, completed("two"));
      await ended(
        { destination: { to: "ann", in: { b: 1, a: [2] } }, channel: "other" },
        completed("three"),
      );
      expect(texts(await due())).toEqual(["one"]);
      expect(texts(await outbox.due(["other"], 9))).toEqual(["three"]);
      expect(texts(await outbox.due(["other", chat], 9))).toEqual(["one", "three"]);
      expect(await outbox.due([], 9)).toEqual([]);
    },
  },
  {
    title: "a question and a notice go before the reply, in the order they were made",
    run: async (bench) => {
      const { store, claimed, finish, deliverAll, now, types } = bench;
      const claim = await claimed({ destination: { to: "ann" } });
      await store.work.append(claim, { events: [], ask: question("q", { text: "May I?" }) });
      await finish(claim, completed("done"));
      expect(await deliverAll()).toEqual(["May I?", "done"]);
      expect((await now(claim.taskId)).reply).toBe("delivered");
      expect((await types(claim.taskId)).filter((type) => type === "reply.delivered")).toHaveLength(
        1,
      );
    },
  },
  {
    title: "an item is as it was stored, with its age, its tries and the route's rule",
    run: async ({ store: { outbox }, clock, ended, due, sending }) => {
      const rules = {
        options: { model: "m" },
        recover: "interrupt",
        unknownReply: "drop",
      } as const;
      const task = await ended(
        { destination: { to: ["ann", null] }, rules },
        completed("hi \u0000 😀"),
      );
      const createdAt = clock.now();
      await clock.advance(250);
      const item = {
        id: expect.any(String),
        taskId: task.id,
        type: "reply",
        channel: chat,
        destination: { to: ["ann", null] },
        text: "hi \u0000 😀",
        attachments: [],
        state: "pending",
        tries: 0,
        rules: { unknownReply: "drop" },
        createdAt,
        ageMs: 250,
        unknown: false,
      };
      expect(await due()).toEqual([item]);
      const [taken] = await sending();
      await outbox.postpone(taken?.id ?? "", worker, failure);
      await clock.advance(1000);
      expect(await due()).toEqual([{ ...item, tries: 1, ageMs: 1250 }]);
    },
  },
  {
    title: "sending is this worker's alone, and the task says so",
    run: async (bench) => {
      const {
        store: { outbox },
        due,
        now,
      } = bench;
      const [task] = await replies(bench, "ann", "ann", "bob");
      const ids = (await due()).map(({ id }) => id);
      const calls = [worker, otherNode, laterBoot].map(async (by) =>
        outbox.sending(ids, by, leaseMs),
      );
      const given = await Promise.all(calls);
      expect(given.flat().toSorted()).toEqual(ids.toSorted());
      expect((await now(task?.id ?? "")).reply).toBe("sending");
      expect(await outbox.sending([...ids, "none"], worker, leaseMs)).toEqual([]);
    },
  },
  {
    title: "an item that is not at the head of its line is nobody's to send",
    run: async (bench) => {
      const {
        store: { outbox },
        due,
      } = bench;
      await replies(bench, "ann", "ann");
      const [first] = await due();
      await outbox.sending([first?.id ?? ""], worker, leaseMs);
      await outbox.delivered(first?.id ?? "", worker, sent);
      const [second] = await due();
      const [third] = await replies(bench, "ann");
      expect(third?.reply).toBe("pending");
      const last = second?.id ?? "";
      expect(await outbox.sending([last, last], worker, leaseMs)).toEqual([last]);
    },
  },
  {
    title: "a delivered reply is noted in its task and its log, with whether it was a repeat",
    run: async (bench) => {
      const {
        store: { outbox },
        sending,
        now,
        events,
      } = bench;
      const [one, two] = await replies(bench, "ann", "bob");
      const [first, second] = await sending();
      await outbox.delivered(first?.id ?? "", worker, { ref: "r1", repeated: false });
      await outbox.delivered(second?.id ?? "", worker, { ref: "r2", repeated: true });
      expect((await now(one?.id ?? "")).reply).toBe("delivered");
      const noted = await events({ types: ["reply.delivered"] });
      expect(noted.map(({ taskId, data }) => ({ taskId, data }))).toEqual([
        { taskId: one?.id, data: { repeated: false } },
        { taskId: two?.id, data: { repeated: true } },
      ]);
      expect((await bench.store.queries.stats()).outbox).toBe(0);
    },
  },
  {
    title: "a postponed item is due again after its delay, and says when",
    run: async (bench) => {
      const {
        store: { outbox },
        clock,
        sending,
        due,
        now,
      } = bench;
      const [task] = await replies(bench, "ann", "bob", "ann");
      expect(await outbox.nextDueMs([chat])).toBeNull();
      const [first, second] = await sending();
      expect(await outbox.nextDueMs([chat])).toBeNull();
      await outbox.postpone(first?.id ?? "", worker, { ...failure, delayMs: 5000 });
      await outbox.postpone(second?.id ?? "", worker, { ...failure, delayMs: 9000 });
      expect((await now(task?.id ?? "")).reply).toBe("pending");
      expect(await outbox.nextDueMs([chat])).toBe(5000);
      expect(await outbox.nextDueMs(["other"])).toBeNull();
      await clock.advance(4999);
      expect([await due(), await outbox.nextDueMs([chat])]).toEqual([[], 1]);
      await clock.advance(1);
      expect(await due()).toMatchObject([{ id: first?.id, tries: 1, unknown: false }]);
      expect(await outbox.nextDueMs([chat])).toBe(4000);
    },
  },
];
