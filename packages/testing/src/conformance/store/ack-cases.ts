import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, worker } from "./bench.ts";

const toAnn = { destination: { to: "ann" } };

/** When messages are settled, and what is acknowledged. */
export const ackCases: readonly StoreCase[] = [
  {
    title: "queue: each settled message is due for itself, oldest first",
    run: async ({ store: { intake }, accepted, claims, finish }) => {
      for (let count = 0; count < 3; count++) await accepted();
      expect(await intake.acksDue(chat, "queue")).toEqual([]);
      const [, second, third] = await claims();
      if (second === undefined || third === undefined) throw new Error("Three.");
      await finish(third);
      await finish(second);
      const due = await intake.acksDue(chat, "queue");
      expect(due).toMatchObject([
        { channel: chat, ack: { place: 2 } },
        { channel: chat, ack: { place: 3 } },
      ]);
      expect(due.map(({ messages }) => messages.length)).toEqual([1, 1]);
      await intake.acknowledged(chat, due[0]?.messages ?? []);
      expect(await intake.acksDue(chat, "queue")).toEqual([due[1]]);
      expect(await intake.unacknowledged(chat)).toBe(2);
    },
  },
  {
    title: "log: one entry, the newest below which all are settled, with all that it covers",
    run: async ({ store: { intake }, accepted, claims, finish }) => {
      for (let count = 0; count < 4; count++) await accepted();
      const [first, second, third, fourth] = await claims();
      if (!first || !second || !third || !fourth) throw new Error("Four.");
      await finish(second);
      expect(await intake.acksDue(chat, "log")).toEqual([]);
      await finish(first);
      await finish(fourth);
      const due = await intake.acksDue(chat, "log");
      expect(due).toMatchObject([{ channel: chat, ack: { place: 2 } }]);
      expect(due[0]?.messages).toHaveLength(2);
      await intake.acknowledged(chat, due[0]?.messages ?? []);
      expect(await intake.acksDue(chat, "log")).toEqual([]);
      expect(await intake.unacknowledged(chat)).toBe(2);
      await finish(third);
      expect(await intake.acksDue(chat, "log")).toMatchObject([{ ack: { place: 4 } }]);
    },
  },
  {
    title: "a message is settled when its reply is delivered or given up, not before",
    run: async ({ store: { intake, outbox }, ended, sending }) => {
      await ended(toAnn);
      await ended(toAnn);
      expect(await intake.acksDue(chat, "queue")).toEqual([]);
      const [first] = await sending();
      expect(await intake.acksDue(chat, "queue")).toEqual([]);
      await outbox.delivered(first?.id ?? "", worker, { ref: null, repeated: false });
      expect(await intake.acksDue(chat, "log")).toMatchObject([{ ack: { place: 1 } }]);
      const [second] = await sending();
      await outbox.postpone(second?.id ?? "", worker, { delayMs: 0, detail: "", unknown: true });
      expect(await intake.acksDue(chat, "queue")).toHaveLength(1);
      const [again] = await sending();
      await outbox.dead(again?.id ?? "", worker, { id: "d", reason: "reply_refused", detail: "" });
      expect(await intake.acksDue(chat, "log")).toMatchObject([{ ack: { place: 2 } }]);
    },
  },
  {
    title: "what made no task is settled at once; a direct call is acknowledged to nobody",
    run: async ({ store: { intake }, message, accept }) => {
      const letter = {
        id: "d",
        reason: "kind_unknown",
        detail: "",
        kind: null,
        workspace: "home",
        payload: "",
        bytes: 0,
        sha256: "",
      } as const;
      const outcome = { type: "dead_letter", deadLetter: letter } as const;
      await accept(
        message({}, { outcome }),
        message({}, { from: null }),
        message({ channel: "other" }),
      );
      expect(await intake.acksDue(chat, "log")).toMatchObject([
        { channel: chat, ack: { place: 1 } },
      ]);
      expect(await intake.unacknowledged(chat)).toBe(1);
      expect(await intake.unacknowledged("other")).toBe(1);
      expect(await intake.acksDue("other", "queue")).toEqual([]);
    },
  },
  {
    title: "a message that a cancel settled is due as well",
    run: async ({ store: { intake }, accepted, cancel }) => {
      const { id } = await accepted();
      await cancel(id);
      expect(await intake.acksDue(chat, "queue")).toMatchObject([{ ack: { place: 1 } }]);
    },
  },
  {
    title: "a channel acknowledges its own messages only, and twice is as good as once",
    run: async ({ store: { intake }, ended }) => {
      await ended();
      const [due] = await intake.acksDue(chat, "queue");
      const names = due?.messages ?? [];
      await intake.acknowledged("other", names);
      await intake.acknowledged(chat, ["none", "999"]);
      expect(await intake.acksDue(chat, "queue")).toEqual([due]);
      await intake.acknowledged(chat, names);
      await intake.acknowledged(chat, names);
      expect(await intake.unacknowledged(chat)).toBe(0);
    },
  },
  {
    title: "a settled message that comes again is due for acknowledgement again",
    run: async ({ store: { intake }, message, accept, ended }) => {
      await ended();
      const [due] = await intake.acksDue(chat, "queue");
      await intake.acknowledged(chat, due?.messages ?? []);
      expect(await intake.acksDue(chat, "queue")).toEqual([]);
      expect(await intake.unacknowledged(chat)).toBe(0);
      expect(await accept(message({}, { key: "key-1" }))).toMatchObject([
        { result: "known", settled: true, task: { status: "completed" } },
      ]);
      expect(await intake.acksDue(chat, "queue")).toEqual([due]);
      expect(await intake.unacknowledged(chat)).toBe(1);
    },
  },
];
