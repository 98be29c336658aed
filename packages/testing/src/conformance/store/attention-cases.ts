import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { answer } from "./answers.ts";
import { chat, completed, question, worker } from "./bench.ts";
import { deadMessage } from "./dead-letters.ts";

const failure = { delayMs: 5000, detail: "The platform is busy.", unknown: false };

/** What a store tells of that may need a person. */
export const attentionCases: readonly StoreCase[] = [
  {
    title:
      "a destination whose reply does not arrive is told of with its last problem, until it arrives",
    run: async (bench) => {
      const { store, clock, ended, sending, deliverAll } = bench;
      const attention = async () => (await store.queries.attention([chat], 10)).outbox;
      const empty = { destinations: 0, failing: 0, oldestMs: null, nextTryMs: null, problems: [] };
      expect(await attention()).toEqual(empty);
      const { id: taskId } = await ended({ destination: { to: "ann" } }, completed("one"));
      await ended({ destination: { to: "ann" } }, completed("two"));
      await clock.advance(1000);
      await ended({ destination: { to: "bob" } }, completed("three"));
      const waiting = { destinations: 2, failing: 0, oldestMs: 1000, nextTryMs: 0, problems: [] };
      expect(await attention()).toEqual(waiting);
      const [first, second] = await sending();
      const problem = { channel: chat, taskId, ageMs: 1000 };
      await store.outbox.postpone(first?.id ?? "", worker, failure);
      await store.outbox.delivered(second?.id ?? "", worker, { ref: null, repeated: false });
      expect(await attention()).toEqual({
        destinations: 1,
        failing: 1,
        oldestMs: 1000,
        nextTryMs: 5000,
        problems: [{ ...problem, tries: 1, nextTryMs: 5000, detail: failure.detail }],
      });
      await clock.advance(5000);
      const [again] = await sending();
      const later = { delayMs: 9000, detail: "x".repeat(5000), unknown: true };
      await store.outbox.postpone(again?.id ?? "", worker, later);
      expect((await attention()).problems).toEqual([
        { ...problem, ageMs: 6000, tries: 2, nextTryMs: 9000, detail: "x".repeat(1000) },
      ]);
      expect((await store.queries.attention(["other"], 10)).outbox).toEqual(empty);
      expect((await store.queries.attention([chat], 0)).outbox).toMatchObject({
        failing: 1,
        problems: [],
      });
      await clock.advance(9000);
      expect(await deliverAll()).toEqual(["one", "two"]);
      expect(await attention()).toEqual(empty);
    },
  },
  {
    title: "a reply that is taken up again has forgotten its problem",
    run: async ({ store, ended, sending }) => {
      await ended({ destination: { to: "ann" } }, completed("one"));
      const [first] = await sending();
      await store.outbox.postpone(first?.id ?? "", worker, { ...failure, delayMs: 0 });
      const [again] = await sending();
      const letter = { id: "d", reason: "reply_expired", detail: "Ten minutes." } as const;
      await store.outbox.dead(again?.id ?? "", worker, letter);
      await store.intake.retryDeadLetter({ deadLetterId: "d", outcome: null });
      expect((await store.queries.attention([chat], 10)).outbox).toMatchObject({
        destinations: 1,
        failing: 0,
      });
    },
  },
  {
    title: "dead letters are counted by their reason, those of other channels apart",
    run: async (bench) => {
      const { store, accept, ended, sending } = bench;
      await accept(deadMessage(bench, "one"), deadMessage(bench, "two"));
      await ended({ destination: { to: "ann" } }, completed("reply"));
      const [item] = await sending();
      const letter = { id: "d", reason: "reply_refused", detail: "Never." } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      const { deadLetters } = await store.queries.attention([chat], 10);
      expect(deadLetters).toHaveLength(2);
      expect(deadLetters).toEqual(
        expect.arrayContaining([
          { reason: "kind_unknown", count: 2 },
          { reason: "reply_refused", count: 1 },
        ]),
      );
      expect((await store.queries.attention(["other"], 10)).deadLetters).toEqual([]);
    },
  },
  {
    title: "questions that can still be answered are told of, oldest first",
    run: async (bench) => {
      const { store, clock, claimed, suspend } = bench;
      const open = async () =>
        (await store.queries.attention([chat], 2)).questions.map(({ id }) => id);
      const live = await claimed();
      await store.work.append(live, { events: [], ask: question("live", { deadlineMs: 9000 }) });
      const askedAt = clock.now();
      await clock.advance(1000);
      await suspend(await claimed(), "suspended", { deadlineMs: 60_000 });
      await clock.advance(1000);
      await suspend(await claimed(), "last", { deadlineMs: 60_000 });
      const { questions } = await store.queries.attention([chat], 2);
      expect(questions).toEqual([
        {
          id: "live",
          taskId: live.taskId,
          type: "approval",
          title: "Run it?",
          askedAt,
          deadlineAt: askedAt + 9000,
        },
        expect.objectContaining({ id: "suspended" }),
      ]);
      await clock.advance(7000);
      expect(await open()).toEqual(["suspended", "last"]);
      await answer(bench, "suspended");
      expect(await open()).toEqual(["last"]);
    },
  },
];
