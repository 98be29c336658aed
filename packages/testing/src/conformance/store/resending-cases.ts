import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, completed, laterBoot, leaseMs, otherNode, question, worker } from "./bench.ts";
import { failure, replies, sent, texts } from "./replies.ts";

/** Replies that may have arrived, that another took over, and that were given up. */
export const resendingCases: readonly StoreCase[] = [
  {
    title: "S07 once a try may have arrived the item says so for good",
    run: async (bench) => {
      const {
        store: { outbox },
        clock,
        sending,
        due,
      } = bench;
      await replies(bench, "ann");
      for (const unknown of [true, false]) {
        const [item] = await sending();
        await outbox.postpone(item?.id ?? "", worker, { ...failure, unknown });
        await clock.advance(1000);
        expect(await due()).toMatchObject([{ state: "pending", unknown: true }]);
      }
    },
  },
  {
    title: "S07 an item in sending is given again only when its sender's hold ran out, as unknown",
    run: async (bench) => {
      const {
        store: { outbox },
        clock,
        sending,
        due,
      } = bench;
      await replies(bench, "ann");
      const [item] = await sending();
      await clock.advance(leaseMs - 1);
      expect(await due()).toEqual([]);
      await clock.advance(1);
      expect(await due()).toMatchObject([
        { id: item?.id, state: "sending", unknown: true, tries: 1 },
      ]);
      expect(await outbox.sending([item?.id ?? ""], otherNode, leaseMs)).toEqual([item?.id]);
      await outbox.postpone(item?.id ?? "", otherNode, failure);
      await clock.advance(1000);
      expect(await due()).toMatchObject([{ state: "pending", unknown: true, tries: 2 }]);
    },
  },
  {
    title: "S08 forfeit ends the hold of earlier boots of this node, and of nobody else",
    run: async (bench) => {
      const {
        store: { outbox, work },
        due,
      } = bench;
      await replies(bench, "ann", "bob", "cid");
      const [mine, foreign, current] = (await due()).map(({ id }) => id);
      await outbox.sending([mine ?? ""], worker, leaseMs);
      await outbox.sending([foreign ?? ""], otherNode, leaseMs);
      await outbox.sending([current ?? ""], laterBoot, leaseMs);
      await work.forfeit(laterBoot);
      expect(await due()).toMatchObject([{ id: mine, state: "sending", unknown: true }]);
    },
  },
  {
    title: "what a worker reports of an item that it no longer holds changes nothing",
    run: async (bench) => {
      const { store, clock, sending, due, types, now } = bench;
      const { outbox, queries } = store;
      const [task] = await replies(bench, "ann");
      const letter = { id: "d", reason: "reply_refused", detail: "no" } as const;
      const [item] = await due();
      const id = item?.id ?? "";
      const report = async (): Promise<void> => {
        await outbox.delivered(id, worker, sent);
        await outbox.postpone(id, worker, { ...failure, unknown: true });
        await outbox.dead(id, worker, letter);
      };
      await report();
      expect(await due()).toEqual([item]);
      await sending();
      await clock.advance(leaseMs);
      await outbox.sending([id], otherNode, leaseMs);
      await report();
      expect(await due()).toEqual([]);
      expect((await now(task?.id ?? "")).reply).toBe("sending");
      await outbox.delivered(id, otherNode, sent);
      await report();
      await outbox.delivered(id, otherNode, sent);
      await outbox.delivered("none", worker, sent);
      expect((await types(task?.id ?? "")).slice(-2)).toEqual([
        "task.completed",
        "reply.delivered",
      ]);
      expect(await queries.deadLetter("d")).toBeUndefined();
      expect((await now(task?.id ?? "")).reply).toBe("delivered");
    },
  },
  {
    title:
      "S28 what is given up is a dead letter with its text, seen in the task and its log; the line goes on",
    run: async (bench) => {
      const {
        store: { outbox, queries },
        clock,
        sending,
        due,
        now,
        events,
      } = bench;
      const [task] = await replies(bench, "ann", "ann");
      const [item] = await sending();
      const letter = { id: "d", reason: "reply_expired", detail: "Ten minutes." } as const;
      await outbox.dead(item?.id ?? "", worker, letter);
      expect(await queries.deadLetter("d")).toEqual({
        ...letter,
        kind: "chat.message",
        workspace: "home",
        payload: "reply 0",
        bytes: 7,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        channel: chat,
        messageId: "key-1",
        taskId: task?.id,
        at: clock.now(),
      });
      expect((await now(task?.id ?? "")).reply).toBe("dead");
      expect((await events({ types: ["reply.failed"] })).map(({ data }) => data)).toEqual([
        { reason: "Ten minutes.", deadLetterId: "d" },
      ]);
      expect(texts(await due())).toEqual(["reply 1"]);
    },
  },
  {
    title: "a dead letter keeps 256 KiB of a reply, and the size and hash of the whole",
    run: async ({ store: { outbox, queries }, ended, sending }) => {
      const reply = "é".repeat(200_000);
      await ended({ destination: { to: "ann" } }, completed(reply));
      const [item] = await sending();
      expect(item?.text).toBe(reply);
      const letter = { id: "d", reason: "reply_refused", detail: "too long" } as const;
      await outbox.dead(item?.id ?? "", worker, letter);
      const kept = await queries.deadLetter("d");
      expect(kept).toMatchObject({ bytes: 400_000, payload: "é".repeat(128 * 1024) });
    },
  },
  {
    title: "a question that can not be delivered is a dead letter, but no end of a reply",
    run: async ({ store, claimed, sending, now, types }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      await store.work.append(claim, { events: [], ask: question("q", { text: "May I?" }) });
      const [item] = await sending();
      expect((await now(claim.taskId)).reply).toBe("none");
      const letter = { id: "d", reason: "reply_refused", detail: "no" } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      expect(await store.queries.deadLetter("d")).toMatchObject({ payload: "May I?" });
      expect((await now(claim.taskId)).reply).toBe("none");
      expect(await types(claim.taskId)).not.toContain("reply.failed");
    },
  },
  {
    title:
      "what goes with a reply goes with it until it has arrived, and is named in its dead letter",
    run: async ({ store, clock, claimed, finish, sending, due }) => {
      const uri = "https://files.example/plan.pdf";
      const attachments = [
        { kind: "file", uri, mimeType: "application/pdf", name: "plan.pdf" },
        { kind: "image", uri: "workspace:shot", mimeType: null, name: null },
      ] as const;
      const claim = await claimed({ destination: { to: "ann" } });
      await finish(claim, { ...completed("Here it is."), attachments });
      const [item] = await sending();
      expect(item?.attachments).toEqual(attachments);
      const later = { delayMs: 1000, detail: "busy", unknown: false };
      await store.outbox.postpone(item?.id ?? "", worker, later);
      await clock.advance(1000);
      const [again] = await sending();
      expect(again?.attachments).toEqual(attachments);
      const letter = { id: "d", reason: "reply_refused", detail: "No." } as const;
      await store.outbox.dead(item?.id ?? "", worker, letter);
      const { payload } = (await store.queries.deadLetter("d")) ?? {};
      expect(payload).toContain("Here it is.");
      for (const one of attachments) expect(payload).toContain(one.uri);
      await store.intake.retryDeadLetter({ deadLetterId: "d", outcome: null });
      expect((await due())[0]?.attachments).toEqual(attachments);
    },
  },
];
