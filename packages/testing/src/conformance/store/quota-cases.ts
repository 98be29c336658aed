import { Buffer } from "node:buffer";
import type { Accepted, NewMessage, Quota } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, chat, failed, question, type StoreBench, type TaskSketch } from "./bench.ts";

const roomy = 1_000_000;
const ofOwner = (tasks: number, bytes = roomy): Quota => ({ per: "owner", tasks, bytes });
const inLane = (tasks: number, bytes = roomy): Quota => ({ per: "conversation", tasks, bytes });

/** A direct call. */
const direct = (bench: StoreBench, sketch: TaskSketch, key: string): NewMessage =>
  bench.message(sketch, { from: null, dedupe: { scope: "ann", key, hash: "h" } });

const results = (accepted: readonly Accepted[]): string[] => accepted.map(({ result }) => result);

const beyond = (
  exceeded: Extract<Accepted, { result: "quota_exceeded" }>["exceeded"],
): Accepted => ({
  result: "quota_exceeded",
  exceeded,
});

/** The bytes of an input as the quota counts them. */
const bytesOf = (text: string): number =>
  Buffer.byteLength(JSON.stringify({ payload: { text }, prompt: text }));

/** What may be open at once. */
export const quotaCases: readonly StoreCase[] = [
  {
    title: "a direct call beyond the open tasks of its owner is refused, and leaves nothing behind",
    run: async (bench) => {
      const { store, accept, claimNext, finish, events } = bench;
      const quotas = [ofOwner(2)];
      await accept(direct(bench, { quotas }, "one"), direct(bench, { quotas }, "two"));
      const before = await events();
      const third = direct(bench, { quotas, lane: "new" }, "three");
      const over = beyond({ per: "owner", of: "tasks", limit: 2 });
      expect(await accept(third)).toEqual([over]);
      expect(await accept(third)).toEqual([over]);
      expect(await events()).toEqual(before);
      expect((await store.queries.stats()).deadLetters).toBe(0);
      const place = { channel: chat, workspace: "home", key: "new" };
      expect(await store.queries.conversationAt(place, all)).toBeUndefined();
      // Another owner's are not looked at; and the same call is good when one has ended.
      expect(results(await accept(direct(bench, { quotas, owner: "bob" }, "bob")))).toEqual([
        "task",
      ]);
      await finish(await claimNext());
      expect(results(await accept(third))).toEqual(["task"]);
    },
  },
  {
    title: "a known message is known also while the quota is full",
    run: async (bench) => {
      const { accept } = bench;
      const first = direct(bench, { quotas: [ofOwner(1)] }, "one");
      const [accepted] = await accept(first);
      const [known] = await accept(first);
      expect(known).toMatchObject({ result: "known", settled: false });
      expect(known).toHaveProperty("task.id", accepted?.result === "task" ? accepted.task.id : "");
    },
  },
  {
    title:
      "S06 a channel's message beyond a quota is a dead letter with its payload, and is settled",
    run: async (bench) => {
      const { store, accept, message } = bench;
      const quotas = [ofOwner(1)];
      await accept(message({ quotas }));
      const [dead] = await accept(message({ quotas, text: "one more" }, { key: "over" }));
      expect(dead).toMatchObject({ result: "dead_letter", reason: "quota_exceeded" });
      const id = dead?.result === "dead_letter" ? dead.deadLetterId : "";
      expect(await store.queries.deadLetter(id)).toMatchObject({
        reason: "quota_exceeded",
        kind: "chat.message",
        workspace: "home",
        payload: JSON.stringify({ text: "one more" }),
        channel: chat,
        messageId: "over",
        taskId: null,
      });
      expect(await store.intake.acksDue(chat, "queue")).toHaveLength(1);
      expect(results(await accept(message({ quotas }, { key: "over" })))).toEqual(["known"]);
    },
  },
  {
    title: "S28 the sender of a message beyond a quota is told where that is said, and only then",
    run: async (bench) => {
      const { accept, message, deliverAll } = bench;
      const full: TaskSketch = { quotas: [ofOwner(0)], destination: { to: "ann" } };
      await accept(
        message({ ...full, refusalText: "Not now." }),
        message(full),
        message({ ...full, refusalText: "Nowhere to go.", destination: null }),
        message({ quotas: [ofOwner(1)], refusalText: "It fits.", destination: { to: "ann" } }),
      );
      expect(await deliverAll()).toEqual(["Not now."]);
    },
  },
  {
    title:
      "of what is too much, 1,000 dead letters of a channel are kept; the rest is counted and known",
    run: async (bench) => {
      const { store, accept, message } = bench;
      const many = Array.from({ length: 1002 }, () => message({ quotas: [ofOwner(0)] }));
      expect(new Set(results(await accept(...many)))).toEqual(new Set(["dead_letter"]));
      expect(await store.queries.stats()).toMatchObject({
        deadLetters: 1000,
        onlyCounted: [{ channel: chat, reason: "quota_exceeded", count: 2 }],
      });
      expect(await accept(...many.slice(-1))).toMatchObject([{ result: "known", settled: true }]);
      expect(await store.intake.unacknowledged(chat)).toBe(1002);
    },
  },
  {
    title: "a dead letter that is taken up while its quota is full stays as it is",
    run: async (bench) => {
      const { store, accept, message, task } = bench;
      const quotas = [ofOwner(1)];
      await accept(message({ quotas }));
      const [dead] = await accept(message({ quotas }));
      const deadLetterId = dead?.result === "dead_letter" ? dead.deadLetterId : "";
      const retry = async (sketch: TaskSketch): Promise<unknown> =>
        await store.intake.retryDeadLetter({
          deadLetterId,
          outcome: { type: "task", task: task(sketch) },
        });
      expect(await retry({ quotas })).toEqual(beyond({ per: "owner", of: "tasks", limit: 1 }));
      expect(await store.queries.deadLetter(deadLetterId)).toBeDefined();
      expect(await retry({})).toMatchObject({ result: "task" });
      expect(await store.queries.deadLetter(deadLetterId)).toBeUndefined();
    },
  },
  {
    title: "the open tasks of a conversation count whoever wrote there, and those of others do not",
    run: async (bench) => {
      const { accept, message } = bench;
      const lane: TaskSketch = { lane: "shared", quotas: [inLane(2)] };
      await accept(message(lane), message({ ...lane, owner: "bob" }));
      const [dead, ...others] = await accept(
        message({ ...lane, owner: "bob" }),
        message({ ...lane, lane: "another" }),
        message({ ...lane, channel: "other" }),
        message({ ...lane, lane: null }),
      );
      expect(dead).toMatchObject({ result: "dead_letter", reason: "quota_exceeded" });
      expect(results(others)).toEqual(["task", "task", "task"]);
    },
  },
  {
    title: "the bytes of open inputs are counted as JSON in UTF-8, to the last one",
    run: async (bench) => {
      const { accept, claimNext, finish } = bench;
      const text = "héllo \u{1f600}";
      const lane: TaskSketch = { lane: "bytes", text };
      const exact = [inLane(10, 2 * bytesOf(text)), ofOwner(10, 2 * bytesOf(text))];
      const short = [inLane(10, 2 * bytesOf(text) - 1)];
      await accept(direct(bench, { ...lane, quotas: exact }, "one"));
      expect(await accept(direct(bench, { ...lane, quotas: short }, "two"))).toEqual([
        beyond({ per: "conversation", of: "bytes", limit: 2 * bytesOf(text) - 1 }),
      ]);
      expect(results(await accept(direct(bench, { ...lane, quotas: exact }, "two")))).toEqual([
        "task",
      ]);
      const [over] = await accept(direct(bench, { lane: null, text: "", quotas: exact }, "three"));
      expect(over).toEqual(beyond({ per: "owner", of: "bytes", limit: 2 * bytesOf(text) }));
      await finish(await claimNext());
      expect(results(await accept(direct(bench, { ...lane, quotas: exact }, "three")))).toEqual([
        "task",
      ]);
    },
  },
  {
    title: "what runs and what waits for an answer is open, what was cancelled is not",
    run: async (bench) => {
      const { store, accept, claimed, suspend, cancel, accepted } = bench;
      const asking = await claimed({ lane: "asking" });
      await store.work.append(asking, { events: [], ask: question("live") });
      await suspend(await claimed(), "suspended");
      await claimed();
      const pending = await accepted();
      const one = direct(bench, { quotas: [ofOwner(4)] }, "one");
      expect(results(await accept(one))).toEqual(["quota_exceeded"]);
      await cancel(pending.id, { ending: failed("cancelled") });
      expect(results(await accept(one))).toEqual(["task"]);
    },
  },
  {
    title: "a quota holds within one call, and over many calls at once",
    run: async (bench) => {
      const { accept, message } = bench;
      const quotas = [ofOwner(5)];
      const some = Array.from({ length: 4 }, () => message({ quotas }));
      expect(results(await accept(...some))).toEqual(["task", "task", "task", "task"]);
      const rest = await Promise.all(
        Array.from(
          { length: 10 },
          async () => await accept(message({ quotas }), message({ quotas })),
        ),
      );
      expect(results(rest.flat()).filter((result) => result === "task")).toHaveLength(1);
    },
  },
  {
    title: "what is refused counts as no turn of an agent, and as no word of a person",
    run: async (bench) => {
      const { accept, message } = bench;
      const hops = { limit: 2, quietMs: 3_600_000 };
      const peer: TaskSketch = { lane: "peer", owner: "peer", hops };
      const outcomes = async (...sketches: TaskSketch[]): Promise<unknown[]> =>
        (await accept(...sketches.map((sketch) => message(sketch)))).map((accepted) =>
          accepted.result === "dead_letter" ? accepted.reason : accepted.result,
        );
      const full = [ofOwner(1)];
      expect(
        await outcomes(peer, { ...peer, quotas: full }, { ...peer, quotas: full }, peer),
      ).toEqual(["task", "quota_exceeded", "quota_exceeded", "task"]);
      await accept(message({ owner: "person", channel: "elsewhere" }));
      expect(await outcomes({ owner: "person", quotas: full }, peer)).toEqual([
        "quota_exceeded",
        "hop_limit",
      ]);
    },
  },
  {
    title: "an answer to a question needs no room, what is none does",
    run: async (bench) => {
      const { store, claimed, task, message, accept } = bench;
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      const answer = (): NewMessage =>
        message(
          {},
          {
            outcome: {
              type: "answer",
              questionId: "q",
              answer: { action: "accept" },
              otherwise: task({ quotas: [ofOwner(1)] }),
            },
          },
        );
      expect(await accept(answer())).toMatchObject([{ result: "answered" }]);
      expect(await accept(answer())).toMatchObject([
        { result: "dead_letter", reason: "quota_exceeded" },
      ]);
    },
  },
  {
    title: "a conversation of another owner is not found, however full it is",
    run: async (bench) => {
      const { accepted, accept, now } = bench;
      const { id } = await accepted({ lane: "ann's" });
      const conversation = { id: (await now(id)).conversationId ?? "" };
      const asked = { owner: "bob", conversation, quotas: [inLane(1)] };
      expect(results(await accept(direct(bench, asked, "one")))).toEqual([
        "conversation_not_found",
      ]);
      expect(results(await accept(direct(bench, { ...asked, owner: "ann" }, "two")))).toEqual([
        "quota_exceeded",
      ]);
    },
  },
];
