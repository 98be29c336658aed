import type { NewMessage } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, completed, worker } from "./bench.ts";
import { deadLetter, deadMessage, listed } from "./dead-letters.ts";

/** Dead letters that are removed for good. */
export const droppedLetterCases: readonly StoreCase[] = [
  {
    title: "S06 what is dropped is gone and named once, and its message stays known and settled",
    run: async (bench) => {
      const { store, accept } = bench;
      const messages = ["a", "b", "c"].map((id) => deadMessage(bench, id, { key: id }));
      await accept(...messages);
      const { intake, queries } = store;
      expect(await intake.dropDeadLetters(["c", "none", "a", "c"])).toEqual(["c", "a"]);
      expect(await intake.dropDeadLetters(["c", "a"])).toEqual([]);
      expect((await listed(bench)).map(({ id }) => id)).toEqual(["b"]);
      expect(await queries.deadLetter("a")).toBeUndefined();
      expect((await queries.stats()).deadLetters).toBe(1);
      const known = { result: "known", task: null, settled: true };
      expect(await accept(...messages)).toEqual([known, known, known]);
      expect(await intake.acksDue(chat, "queue")).toHaveLength(3);
    },
  },
  {
    title: "S06 a reply that is dropped stays dead, is not sent, and can not be taken up",
    run: async ({ store, ended, sending, due, now, types }) => {
      const { id: taskId } = await ended({ destination: { to: "ann" } }, completed("lost"));
      const [item] = await sending();
      const given = { id: "d", reason: "reply_refused", detail: "No." } as const;
      await store.outbox.dead(item?.id ?? "", worker, given);
      const before = await types(taskId);
      expect(await store.intake.dropDeadLetters(["d"])).toEqual(["d"]);
      const retry = { deadLetterId: "d", outcome: null };
      expect(await store.intake.retryDeadLetter(retry)).toBeUndefined();
      expect(await due()).toEqual([]);
      expect((await now(taskId)).reply).toBe("dead");
      expect(await types(taskId)).toEqual(before);
    },
  },
  {
    title: "what is dropped makes room for what nobody may send",
    run: async ({ store: { intake, queries }, message, accept }) => {
      const refusedOne = (id: string): NewMessage => {
        const letter = deadLetter(id, { reason: "not_allowed" });
        return message({}, { outcome: { type: "dead_letter", deadLetter: letter } });
      };
      const many = Array.from({ length: 1001 }, (_, number) => refusedOne(`d-${number}`));
      await accept(...many);
      await intake.dropDeadLetters(["d-0"]);
      await accept(refusedOne("new"), refusedOne("too many"));
      expect(await queries.deadLetter("new")).toBeDefined();
      expect(await queries.deadLetter("too many")).toBeUndefined();
      const counted = [{ channel: chat, reason: "not_allowed", count: 2 }];
      expect(await queries.stats()).toMatchObject({ deadLetters: 1000, onlyCounted: counted });
    },
  },
];
