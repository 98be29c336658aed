import type { NewMessage } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, chat, completed, type StoreBench, worker } from "./bench.ts";
import {
  acknowledgeAll,
  dayMs,
  removeConversations,
  removeDeadLetters,
  removeMessages,
  removeTasks,
} from "./removal.ts";

const again = (bench: StoreBench, key: string): NewMessage => bench.message({}, { key });

const direct = (bench: StoreBench, hash: string): NewMessage =>
  bench.message({}, { dedupe: { scope: "ann", key: "asked", hash }, from: null });

const deadMessage = (bench: StoreBench, id: string, bytes = 10): NewMessage =>
  bench.message(
    {},
    {
      outcome: {
        type: "dead_letter",
        deadLetter: {
          id,
          reason: "kind_unknown",
          detail: "",
          kind: null,
          workspace: "home",
          payload: "x".repeat(bytes),
          bytes,
          sha256: "00",
        },
      },
    },
  );

const letters = async ({ store }: StoreBench): Promise<readonly string[]> =>
  (await store.queries.deadLetters({ limit: 100, after: null })).items.map(({ id }) => id);

/** Keys, dead letters and conversations: how long each outlives the tasks. */
export const removalCases: readonly StoreCase[] = [
  {
    title: "the key of a removed task answers expired, and runs nothing",
    run: async (bench) => {
      const { accept, ended, store, clock } = bench;
      await ended();
      const [asked] = await accept(direct(bench, "same"));
      await bench.finish(await bench.claimNext());
      await acknowledgeAll(bench);
      expect(asked).toMatchObject({ result: "task" });
      expect((await removeTasks(bench)).tasks).toBe(2);
      await clock.advance(34 * dayMs);
      expect(await removeMessages(bench, 35 * dayMs)).toBe(0);
      const results = await accept(
        again(bench, "key-1"),
        direct(bench, "same"),
        direct(bench, "another"),
      );
      expect(results).toEqual([
        { result: "expired" },
        { result: "expired" },
        { result: "expired" },
      ]);
      expect(await bench.claims()).toEqual([]);
      expect((await store.queries.stats()).tasks).toMatchObject({ pending: 0, completed: 0 });
    },
  },
  {
    title: "a message of a removed task that comes again is due for acknowledgement again",
    run: async (bench) => {
      const { accept, ended, store } = bench;
      await ended();
      await acknowledgeAll(bench);
      await removeTasks(bench);
      expect(await store.intake.unacknowledged(chat)).toBe(0);
      expect(await accept(again(bench, "key-1"))).toEqual([{ result: "expired" }]);
      for (const style of ["queue", "log"] as const)
        expect(await store.intake.acksDue(chat, style)).toMatchObject([{ ack: { place: 1 } }]);
      await acknowledgeAll(bench);
      expect(await store.intake.acksDue(chat, "queue")).toEqual([]);
    },
  },
  {
    title: "a key outlives its task by its age, counted from the removal, and is then new again",
    run: async (bench) => {
      const { accept, ended, clock } = bench;
      await ended();
      await acknowledgeAll(bench);
      await clock.advance(100 * dayMs);
      expect(await removeMessages(bench, 0), "while its task is kept").toBe(0);
      await removeTasks(bench);
      await clock.advance(34 * dayMs);
      expect(await removeMessages(bench, 35 * dayMs)).toBe(0);
      await clock.advance(dayMs);
      expect(await removeMessages(bench, 35 * dayMs)).toBe(1);
      expect(await accept(again(bench, "key-1"))).toMatchObject([{ result: "task" }]);
    },
  },
  {
    title: "a key that is met again is kept as long again",
    run: async (bench) => {
      const { accept, ended, clock } = bench;
      await ended();
      await accept(deadMessage(bench, "d"));
      await acknowledgeAll(bench);
      await removeTasks(bench);
      for (let round = 0; round < 3; round++) {
        await clock.advance(30 * dayMs);
        expect(await accept(again(bench, "key-1"), again(bench, "key-2"))).toEqual([
          { result: "expired" },
          { result: "known", task: null, settled: true },
        ]);
        await acknowledgeAll(bench);
        expect(await removeMessages(bench, 35 * dayMs)).toBe(0);
      }
      await clock.advance(35 * dayMs);
      expect(await removeMessages(bench, 35 * dayMs)).toBe(2);
    },
  },
  {
    title:
      "the key of a message that made no task ages from its acceptance, once it is acknowledged",
    run: async (bench) => {
      const { accept, clock } = bench;
      await accept(deadMessage(bench, "one"), deadMessage(bench, "two"));
      await clock.advance(50 * dayMs);
      expect(await removeMessages(bench, 35 * dayMs)).toBe(0);
      await acknowledgeAll(bench);
      await accept(deadMessage(bench, "three"));
      await acknowledgeAll(bench);
      expect(await removeMessages(bench, 35 * dayMs, 1)).toBe(2);
      const results = await accept(again(bench, "key-1"), again(bench, "key-3"));
      expect(results.map(({ result }) => result)).toEqual(["task", "known"]);
    },
  },
  {
    title: "the acknowledgement of a removed message touches no other",
    run: async (bench) => {
      const { accept, store, clock } = bench;
      await accept(deadMessage(bench, "one"));
      const [due] = await store.intake.acksDue(chat, "queue");
      await acknowledgeAll(bench);
      await clock.advance(dayMs);
      expect(await removeMessages(bench, dayMs)).toBe(1);
      await accept(deadMessage(bench, "two"));
      await store.intake.acknowledged(chat, due?.messages ?? []);
      expect(await store.intake.unacknowledged(chat)).toBe(1);
    },
  },
  {
    title: "dead letters go by age, by number and by bytes, the oldest first",
    run: async (bench) => {
      const { accept, clock } = bench;
      for (const id of ["1", "2", "3", "4", "5", "6"]) {
        await accept(deadMessage(bench, id, 1000));
        await clock.advance(dayMs);
      }
      expect(await removeDeadLetters(bench)).toBe(0);
      expect(await removeDeadLetters(bench, { olderThanMs: 7 * dayMs })).toBe(0);
      expect(await removeDeadLetters(bench, { olderThanMs: 6 * dayMs })).toBe(1);
      expect(await letters(bench)).toEqual(["6", "5", "4", "3", "2"]);
      expect(await removeDeadLetters(bench, { keepCount: 5, keepBytes: 5000 })).toBe(0);
      expect(await removeDeadLetters(bench, { keepCount: 4 })).toBe(1);
      expect(await letters(bench)).toEqual(["6", "5", "4", "3"]);
      expect(await removeDeadLetters(bench, { keepBytes: 2999, limit: 1 })).toBe(2);
      expect(await letters(bench)).toEqual(["6", "5"]);
      expect(await removeDeadLetters(bench, { keepCount: 0 })).toBe(2);
      expect(await letters(bench)).toEqual([]);
    },
  },
  {
    title: "the task of a reply whose dead letter was removed can be removed then",
    run: async (bench) => {
      const { ended, sending, store } = bench;
      const { id } = await ended({ destination: { to: "ann" } }, completed("late"));
      const [item] = await sending();
      const letter = { id: "d", reason: "reply_expired", detail: "" } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      await acknowledgeAll(bench);
      expect((await removeTasks(bench)).tasks).toBe(0);
      expect(await removeDeadLetters(bench, { keepCount: 0 })).toBe(1);
      expect((await removeTasks(bench)).tasks).toBe(1);
      expect(await store.queries.task(id, all)).toBeUndefined();
      expect(
        await store.intake.retryDeadLetter({ deadLetterId: "d", outcome: null }),
      ).toBeUndefined();
    },
  },
  {
    title: "a conversation goes when it has no task left and was long unused, with its session",
    run: async (bench) => {
      const { store, claimed, finish, clock, ended } = bench;
      const claim = await claimed({ lane: "old" });
      const session = { id: "session", state: {} };
      await store.work.append(claim, { events: [], session });
      await finish(claim);
      await acknowledgeAll(bench);
      const { conversationId } = claim.task;
      await clock.advance(300 * dayMs);
      await ended({ lane: "young" });
      await acknowledgeAll(bench);
      await clock.advance(65 * dayMs);
      expect(await removeConversations(bench, 365 * dayMs), "while it has a task").toBe(0);
      await removeTasks(bench);
      expect(await removeConversations(bench, 366 * dayMs)).toBe(0);
      expect(await store.queries.conversation(conversationId ?? "", all)).toMatchObject({
        openTasks: 0,
        sessions: [{ sessionId: "session" }],
      });
      expect(await removeConversations(bench, 365 * dayMs, 1)).toBe(1);
      expect(await store.queries.conversation(conversationId ?? "", all)).toBeUndefined();
      expect(await store.queries.history(conversationId ?? "", all)).toEqual([]);
      const listed = await store.queries.conversations(all, { limit: 10, after: null });
      expect(listed.items.map(({ key }) => key)).toEqual(["young"]);
      const fresh = await claimed({ lane: "old" });
      expect(fresh.session).toBeNull();
      expect(fresh.task.conversationId).not.toBe(conversationId);
    },
  },
  {
    title: "a conversation that somebody writes in again is not unused",
    run: async (bench) => {
      const { ended, clock } = bench;
      await ended({ lane: "lane" });
      await clock.advance(300 * dayMs);
      await ended({ lane: "lane" });
      await acknowledgeAll(bench);
      await clock.advance(300 * dayMs);
      await removeTasks(bench);
      expect(await removeConversations(bench, 365 * dayMs)).toBe(0);
      await clock.advance(65 * dayMs);
      expect(await removeConversations(bench, 365 * dayMs)).toBe(1);
    },
  },
  {
    title: "room is given back in bounded steps that come to an end, and nothing kept is touched",
    run: async (bench) => {
      const { store, ended, events } = bench;
      await ended();
      await ended({ runner: "agent" });
      await acknowledgeAll(bench);
      const kept = await bench.accepted();
      await removeTasks(bench);
      let steps = 0;
      while (await store.retention.giveBack(64 * 1024)) expect(++steps).toBeLessThan(1000);
      expect((await events()).map(({ taskId }) => taskId)).toEqual([kept.id]);
      expect(await store.retention.giveBack(64 * 1024)).toBe(false);
    },
  },
];
