import type { SenderNotice } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, completed, worker } from "./bench.ts";
import { deadMessage, listed } from "./dead-letters.ts";

const notice: SenderNotice = {
  destination: { to: "ann" },
  text: "It was put aside.",
  unknownReply: "drop",
};

/** What the senders of dead letters are told. */
export const senderNoticeCases: readonly StoreCase[] = [
  {
    title: "S28 a sender is told with the dead letter, once, in the line of the destination",
    run: async (bench) => {
      const { store, ended, accept, due, events, deliverAll } = bench;
      await ended({ destination: { to: "ann" } }, completed("before"));
      const before = await events();
      const dead = deadMessage(bench, "d", { key: "k", notice });
      await accept(dead, dead, deadMessage(bench, "silent"));
      await accept(dead);
      await ended({ destination: { to: "ann" } }, completed("after"));
      expect(await due()).toMatchObject([{ text: "before", type: "reply" }]);
      expect(await deliverAll()).toEqual(["before", "It was put aside.", "after"]);
      // A notice belongs to no task, so no log tells of it.
      expect((await events()).filter(({ type }) => type.startsWith("reply."))).toHaveLength(2);
      expect(before).toEqual((await events()).slice(0, before.length));
      expect((await store.intake.acksDue(chat, "queue")).length).toBeGreaterThan(1);
    },
  },
  {
    title:
      "S28 a notice has what its sending needs, and becomes a dead letter of no task when it is given up",
    run: async (bench) => {
      const { store, accept, sending, due, events } = bench;
      await accept(deadMessage(bench, "d", { notice }));
      const [item] = await sending();
      expect(item).toMatchObject({
        type: "notice",
        taskId: null,
        channel: chat,
        destination: { to: "ann" },
        text: "It was put aside.",
        attachments: [],
        rules: { unknownReply: "drop" },
      });
      const given = { id: "unsent", reason: "reply_refused", detail: "No." } as const;
      await store.outbox.dead(item?.id ?? "", worker, given);
      expect(await store.queries.deadLetter("unsent")).toMatchObject({
        payload: "It was put aside.",
        taskId: null,
        channel: chat,
      });
      expect(await events()).toEqual([]);
      const retry = { deadLetterId: "unsent", outcome: null };
      expect(await store.intake.retryDeadLetter(retry)).toEqual({ result: "queued", taskId: null });
      expect(await due()).toMatchObject([{ id: item?.id, text: "It was put aside." }]);
    },
  },
  {
    title: "a message of no channel is put aside without a notice",
    run: async (bench) => {
      await bench.accept(deadMessage(bench, "d", { from: null, notice }));
      expect(await listed(bench)).toMatchObject([{ id: "d", channel: null }]);
      expect((await bench.store.queries.stats()).outbox).toBe(0);
    },
  },
];
