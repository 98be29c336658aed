import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, completed, failed, leaseMs, question, refused, said, worker } from "./bench.ts";

/** What is given belongs to the store, what it gives to the caller; and what is closed refuses. */
export const lifetimeCases: readonly StoreCase[] = [
  {
    title:
      "what a caller changes in what it gave, at once or later, reaches nothing that is stored",
    isLive: true,
    run: async ({ store, accept, message, claims, events, due }) => {
      const payload = { list: ["given"] };
      const metadata: { [key: string]: string } = { a: "given" };
      const destination = { to: "given" };
      const input = { payload, prompt: "p" };
      const position = { channel: "chat", next: { after: "given" } };
      const asked = message({ input, metadata, destination });
      const accepting = store.intake.accept({ messages: [asked], position });
      payload.list.push("later");
      metadata["a"] = "later";
      destination.to = "later";
      position.next.after = "later";
      await accepting;
      const [claim] = await claims();
      if (claim === undefined) throw new Error("It is claimable.");
      const data = { text: "given", delta: false };
      const state: { [key: string]: string } = { a: "given" };
      const session = { id: "s", state };
      const appending = store.work.append(claim, {
        events: [{ type: "turn.text", data }],
        session,
      });
      data.text = "later";
      state["a"] = "later";
      await appending;
      const content: { [key: string]: string } = { a: "given" };
      await store.work.append(claim, { events: [], ask: question("q") });
      const answering = store.intake.answer({
        questionId: "q",
        scope: all,
        answer: { action: "accept", content },
      });
      content["a"] = "later";
      await answering;
      const error = { code: "timeout", message: "given" } as const;
      const ending = { ...failed("timeout"), error: { ...error } };
      const finishing = store.work.finish(claim, { events: [], ending, ifCancelled: ending });
      (ending.error as { message: string }).message = "later";
      await finishing;
      const task = await store.queries.task(claim.taskId, all);
      expect(task).toMatchObject({
        metadata: { a: "given" },
        error,
        input: { payload: { list: ["given"] } },
      });
      expect(await due()).toMatchObject([{ destination: { to: "given" } }]);
      expect(await store.intake.position("chat")).toEqual({ after: "given" });
      expect(JSON.stringify(await events())).not.toContain("later");
      expect(await store.queries.questions(claim.taskId, all)).toMatchObject([
        { answer: { content: { a: "given" } } },
      ]);
      await accept(message({ conversation: { id: task?.conversationId ?? "" } }));
      expect((await claims())[0]?.session).toEqual({ id: "s", state: { a: "given" } });
    },
  },
  {
    title: "what a caller changes in what it was given reaches nothing that is stored",
    run: async ({ store, claimed, events }) => {
      const claim = await claimed({ metadata: { a: "stored" } });
      const spoil = (value: object): void => {
        for (const key of Object.keys(value)) (value as { [key: string]: unknown })[key] = "spoilt";
      };
      spoil(claim.task.metadata);
      spoil(claim.task.input);
      const [event] = await events();
      spoil(event?.data ?? {});
      const task = await store.queries.task(claim.taskId, all);
      spoil(task?.metadata ?? {});
      const read = [await store.queries.task(claim.taskId, all), await events()];
      expect(JSON.stringify(read)).not.toContain("spoilt");
    },
  },
  {
    title: "a closed store refuses every call, and closing it again does nothing",
    isLive: true,
    run: async ({ store, message, claimed }) => {
      const claim = await claimed();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      const { intake, work, log, outbox, leases, queries } = store;
      const ending = completed("done");
      const { taskId } = claim;
      const page = { limit: 1, after: null };
      const request = { worker, runners: ["agent"], leaseMs, limit: 1 };
      const calls: (() => Promise<unknown>)[] = [
        () => intake.accept({ messages: [message()] }),
        () => intake.position("chat"),
        () => intake.requestCancel({ taskId, scope: all, by: "x", reason: null, ending }),
        () => intake.answer({ questionId: "q", scope: all, answer: { action: "accept" } }),
        () => intake.mergeMetadata({ taskId, scope: all, metadata: {} }),
        () => intake.acksDue("chat", "log"),
        () => intake.acknowledged("chat", ["1"]),
        () => intake.unacknowledged("chat"),
        () => intake.retryDeadLetter({ deadLetterId: "d", outcome: null }),
        () => work.claim(request),
        () => work.renew([claim], leaseMs),
        () => work.news([claim]),
        () => work.append(claim, { events: [said("x")] }),
        () => work.suspend(claim, { question: question("q"), state: null, events: [] }),
        () => work.release(claim),
        () => work.finish(claim, { events: [], ending, ifCancelled: ending }),
        () => work.forfeit(worker),
        () => work.processes("node-1"),
        () => log.read({ scope: all, after: null, limit: 1 }),
        () => log.head(),
        () => outbox.due(["chat"], 1),
        () => outbox.nextDueMs(["chat"]),
        () => outbox.sending(["x"], worker, leaseMs),
        () => outbox.delivered("x", worker, { ref: null, repeated: false }),
        () => outbox.postpone("x", worker, { delayMs: 0, detail: "", unknown: false }),
        () => outbox.dead("x", worker, { id: "d", reason: "reply_refused", detail: "" }),
        () => leases.acquire("x", worker, leaseMs),
        () => leases.renew("x", worker, leaseMs),
        () => leases.release("x", worker),
        () => queries.task(taskId, all),
        () => queries.tasks({ scope: all }, page),
        () => queries.conversation("x", all),
        () => queries.conversationAt({ channel: "chat", workspace: "home", key: "x" }, all),
        () => queries.conversations(all, page),
        () => queries.history("x", all),
        () => queries.openQuestion("x"),
        () => queries.questions(taskId, all),
        () => queries.deadLetters(page),
        () => queries.deadLetter("x"),
        () => queries.stats(),
      ];
      for (const call of calls) await refused(call(), "STORE_CLOSED");
    },
  },
  {
    title: "what was called before the end is done or refused, and says which",
    isLive: true,
    run: async ({ store, message }) => {
      const calls = Array.from({ length: 5 }, async () =>
        store.intake.accept({ messages: [message()] }),
      );
      const closed = store[Symbol.asyncDispose]();
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === "rejected")
          expect(result.reason).toMatchObject({ code: "STORE_CLOSED" });
        else expect(result.value).toMatchObject([{ result: "task" }]);
      }
      await closed;
    },
  },
];
