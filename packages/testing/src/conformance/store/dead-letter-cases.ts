import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { completed, refused, said, worker } from "./bench.ts";
import { deadMessage, listed } from "./dead-letters.ts";
import { sent } from "./replies.ts";

/** Dead letters that are taken up again. */
export const deadLetterCases: readonly StoreCase[] = [
  {
    title:
      "S06 a reply that was given up goes back into its line under its own id, before those that wait there",
    run: async (bench) => {
      const { store, ended, sending, due, now, deliverAll, types } = bench;
      const to = { destination: { to: "ann" } };
      const { id: taskId } = await ended(to, completed("first"));
      await ended(to, completed("second"));
      await ended(to, completed("third"));
      const [item] = await sending();
      const letter = { id: "d", reason: "reply_expired", detail: "Ten minutes." } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      const [second] = await sending();
      expect(second?.text).toBe("second");
      const retry = { deadLetterId: "d", outcome: null };
      expect(await store.intake.retryDeadLetter(retry)).toEqual({ result: "queued", taskId });
      expect((await now(taskId)).reply).toBe("pending");
      // The one under way comes first: a line never sends two at once.
      expect(await due()).toEqual([]);
      await store.outbox.delivered(second?.id ?? "", worker, sent);
      expect(await due()).toMatchObject([{ id: item?.id, text: "first", tries: 0, ageMs: 0 }]);
      expect(await deliverAll()).toEqual(["first", "third"]);
      expect((await now(taskId)).reply).toBe("delivered");
      expect((await types(taskId)).slice(-2)).toEqual(["reply.failed", "reply.delivered"]);
      expect(await listed(bench)).toEqual([]);
      expect(await store.intake.retryDeadLetter(retry)).toBeUndefined();
    },
  },
  {
    title:
      "S06 a message that was put aside becomes what it is now, and is not acknowledged a second time",
    run: async (bench) => {
      const { store, task, accept, claimNext } = bench;
      await accept(deadMessage(bench, "d"), deadMessage(bench, "other"));
      const retried = await store.intake.retryDeadLetter({
        deadLetterId: "d",
        outcome: { type: "task", task: task({ text: "at last" }) },
      });
      expect(retried).toMatchObject({ result: "task", task: { status: "pending" } });
      expect((await listed(bench)).map(({ id }) => id)).toEqual(["other"]);
      expect(await store.intake.unacknowledged("chat")).toBe(2);
      expect((await claimNext()).task.input.prompt).toBe("at last");
    },
  },
  {
    title: "a dead letter that can not be taken up stays as it is",
    run: async (bench) => {
      const { store, task, accept, events } = bench;
      await accept(deadMessage(bench, "d"));
      const before = await listed(bench);
      const { intake } = store;
      const large = task({ metadata: { note: "x".repeat(5000) } });
      const lost = task({ conversation: { id: "none" } });
      await refused(
        intake.retryDeadLetter({ deadLetterId: "d", outcome: { type: "task", task: large } }),
        "INPUT_TOO_LARGE",
      );
      expect(
        await intake.retryDeadLetter({ deadLetterId: "d", outcome: { type: "task", task: lost } }),
      ).toEqual({ result: "conversation_not_found" });
      expect(await intake.retryDeadLetter({ deadLetterId: "d", outcome: null })).toBeUndefined();
      const outcome = { type: "task", task: task() } as const;
      expect(await intake.retryDeadLetter({ deadLetterId: "none", outcome })).toBeUndefined();
      expect(await listed(bench)).toEqual(before);
      expect(await events()).toEqual([]);
    },
  },
  {
    title: "S06 a dead letter is taken up once, however many ask for it at once",
    run: async (bench) => {
      const { store, task, accept, claimNext } = bench;
      await accept(deadMessage(bench, "d"));
      const results = await Promise.all(
        Array.from({ length: 5 }, async () =>
          store.intake.retryDeadLetter({
            deadLetterId: "d",
            outcome: { type: "task", task: task() },
          }),
        ),
      );
      expect(results.filter((result) => result?.result === "task")).toHaveLength(1);
      const claim = await claimNext();
      expect(await store.work.append(claim, { events: [said("on it")] })).toHaveLength(1);
      expect((await store.queries.stats()).tasks).toMatchObject({ pending: 0, running: 1 });
    },
  },
];
