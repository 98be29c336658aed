import type { NewDeadLetter } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, chat, completed, refused } from "./bench.ts";

const deadLetter = (id: string, sketch: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  id,
  reason: "payload_invalid",
  detail: "No text.",
  kind: "chat.message",
  payload: '{"no":"text"}',
  workspace: "home",
  bytes: 13,
  sha256: "ab".repeat(32),
  ...sketch,
});

/** Accepting: dedupe, the position, all or nothing, dead letters. */
export const acceptCases: readonly StoreCase[] = [
  {
    title: "an accepted message is a pending task with its task.created, as it was given",
    run: async ({ store, clock, task, message, accept, events }) => {
      const asked = task({ text: "hello", metadata: { topic: "x" }, continues: "task-0" });
      const [result] = await accept(message({}, { outcome: { type: "task", task: asked } }));
      const { conversationId } = (await store.queries.task(asked.id, all)) ?? {};
      expect(conversationId).toBe(
        asked.conversation !== null && "newId" in asked.conversation && asked.conversation.newId,
      );
      const stored = {
        id: asked.id,
        kind: "chat.message",
        runner: "agent",
        conversationId,
        owner: "ann",
        channel: chat,
        status: "pending",
        attempt: 0,
        crashes: 0,
        input: { payload: { text: "hello" }, prompt: "hello" },
        output: null,
        error: null,
        progress: 0,
        metadata: { topic: "x" },
        reply: "none",
        cancelRequested: false,
        continues: "task-0",
        usage: null,
        createdAt: clock.now(),
        startedAt: null,
        endedAt: null,
      };
      expect(result).toEqual({ result: "task", task: stored });
      expect(await store.queries.task(asked.id, ann)).toEqual(stored);
      expect(await events()).toEqual([
        {
          cursor: expect.any(String),
          taskId: asked.id,
          conversationId,
          seq: 1,
          at: clock.now(),
          type: "task.created",
          data: { kind: "chat.message", runner: "agent", prompt: "hello", continues: "task-0" },
        },
      ]);
    },
  },
  {
    title: "a known key stores nothing and gives the task as it now is",
    run: async ({ store, message, accept, accepted, claimNext, events }) => {
      const first = await accepted({}, { key: "k" });
      const { task: running } = await claimNext();
      const before = await events();
      expect(await accept(message({}, { key: "k" }))).toEqual([
        { result: "known", task: running, settled: false },
      ]);
      expect(running.id).toBe(first.id);
      expect(await events()).toEqual(before);
      expect((await store.queries.tasks({ scope: all }, { limit: 9, after: null })).items).toEqual([
        running,
      ]);
      expect(await store.intake.unacknowledged(chat)).toBe(1);
    },
  },
  {
    title: "the same key twice in one call: the second is known",
    run: async ({ message, accept, events }) => {
      const [first, second] = await accept(message({}, { key: "k" }), message({}, { key: "k" }));
      expect(first?.result).toBe("task");
      expect(second).toEqual({
        result: "known",
        task: first?.result === "task" ? first.task : null,
        settled: false,
      });
      expect(await events()).toHaveLength(1);
    },
  },
  {
    title: "S01 one key in many calls at once makes one task, which each of them is given",
    run: async ({ message, accept }) => {
      const calls = Array.from({ length: 12 }, async () => {
        const [result] = await accept(message({}, { key: "k" }));
        return result;
      });
      const results = await Promise.all(calls);
      const count = (wanted: string) => results.filter((one) => one?.result === wanted).length;
      expect([count("task"), count("known")]).toEqual([1, 11]);
      const ids = results.map((one) => (one !== undefined && "task" in one ? one.task?.id : null));
      expect(new Set(ids).size).toBe(1);
    },
  },
  {
    title:
      "from a channel, which gives no hash, the key alone decides, whatever the message says now",
    run: async ({ message, accept, accepted, events }) => {
      const { id } = await accepted({ text: "one" }, { key: "k" });
      const [again] = await accept(message({ text: "another" }, { key: "k" }));
      expect(again).toMatchObject({ result: "known", task: { id, input: { prompt: "one" } } });
      expect(await events()).toHaveLength(1);
    },
  },
  {
    title:
      "another hash under the same key is a conflict that names the task; the same hash is known",
    run: async ({ message, accept, accepted, events }) => {
      const dedupe = (hash: string) => ({
        dedupe: { scope: "client:a", key: "k", hash },
        from: null,
      });
      const { id } = await accepted({}, dedupe("one"));
      expect(await accept(message({}, dedupe("two")))).toEqual([
        { result: "conflict", taskId: id },
      ]);
      expect(await accept(message({}, dedupe("one")))).toMatchObject([
        { result: "known", task: { id } },
      ]);
      expect(await events()).toHaveLength(1);
    },
  },
  {
    title: "a key is unique within its scope only, and a message without one is always new",
    run: async ({ message, accept }) => {
      const dedupe = (scope: string) => ({ dedupe: { scope, key: "k", hash: null } });
      const none = { dedupe: null };
      const results = await accept(
        message({}, dedupe("one")),
        message({}, dedupe("two")),
        message({}, none),
        message({}, none),
      );
      expect(results.map(({ result }) => result)).toEqual(["task", "task", "task", "task"]);
    },
  },
  {
    title: "the position is stored with the messages, also when all are known or there are none",
    run: async ({ store: { intake }, message }) => {
      expect(await intake.position(chat)).toBeNull();
      const known = message({}, { key: "k" });
      await intake.accept({ messages: [known], position: { channel: chat, next: { after: "1" } } });
      expect(await intake.position(chat)).toEqual({ after: "1" });
      await intake.accept({ messages: [known], position: { channel: chat, next: ["2"] } });
      expect(await intake.position(chat)).toEqual(["2"]);
      await intake.accept({ messages: [], position: { channel: chat, next: 3 } });
      await intake.accept({ messages: [], position: { channel: "other", next: "o" } });
      await intake.accept({ messages: [] });
      expect([await intake.position(chat), await intake.position("other")]).toEqual([3, "o"]);
    },
  },
  {
    title:
      "a batch that holds what can not be stored leaves nothing, not even a gap or a known key",
    run: async ({ store: { intake, queries }, message, accept, events }) => {
      const fine = message({ lane: "lane" }, { key: "k" });
      const large = message({ metadata: { note: "x".repeat(4096) } });
      const batch = { messages: [fine, large], position: { channel: chat, next: 1 } };
      await refused(intake.accept(batch), "INPUT_TOO_LARGE");
      expect(await events()).toEqual([]);
      expect(await intake.position(chat)).toBeNull();
      expect(await intake.unacknowledged(chat)).toBe(0);
      const place = { channel: chat, workspace: "home", key: "lane" };
      expect(await queries.conversationAt(place, all)).toBeUndefined();
      expect(await accept(fine)).toMatchObject([{ result: "task" }]);
      expect((await events()).map(({ seq }) => seq)).toEqual([1]);
    },
  },
  {
    title:
      "a conversation given by id must exist and be the owner's; nothing else of the call suffers",
    run: async ({ message, accept, accepted, events }) => {
      const { conversationId: id } = await accepted();
      const into = (conversation: string, owner: string) =>
        message({ conversation: { id: conversation }, owner }, { key: `${conversation} ${owner}` });
      const missing = into("none", "ann");
      const results = await accept(missing, into(id ?? "", "bob"), into(id ?? "", "ann"));
      expect(results).toMatchObject([
        { result: "conversation_not_found" },
        { result: "conversation_not_found" },
        { result: "task", task: { conversationId: id } },
      ]);
      expect(await events()).toHaveLength(2);
      // Nothing was stored, so the key is still free.
      expect(await accept({ ...missing, ...message({}, { key: "none ann" }) })).toMatchObject([
        { result: "task" },
      ]);
    },
  },
  {
    title: "results come in the order of the messages, one for each",
    run: async ({ message, accept }) => {
      const known = message({}, { key: "k" });
      const dead = message({}, { outcome: { type: "dead_letter", deadLetter: deadLetter("d") } });
      const results = await accept(known, dead, known, message({ conversation: { id: "none" } }));
      expect(results).toMatchObject([
        { result: "task" },
        { result: "dead_letter", deadLetterId: "d", reason: "payload_invalid" },
        { result: "known" },
        { result: "conversation_not_found" },
      ]);
    },
  },
  {
    title: "a dead letter keeps its payload and where it came from, and its message is known",
    run: async ({ store: { queries }, clock, message, accept, events }) => {
      const letter = deadLetter("d", { payload: "raw \u0000 text 😀" });
      const dead = message({}, { key: "k", outcome: { type: "dead_letter", deadLetter: letter } });
      await accept(dead);
      const from = { channel: chat, messageId: "k", taskId: null, at: clock.now() };
      expect(await queries.deadLetter("d")).toEqual({ ...letter, ...from });
      expect(await accept(dead)).toEqual([{ result: "known", task: null, settled: true }]);
      expect(await events()).toEqual([]);
      expect((await queries.stats()).deadLetters).toBe(1);
    },
  },
  {
    title:
      "of what nobody may send, 1,000 dead letters of a channel are kept; the rest is counted and known",
    run: async ({ store: { intake, queries }, message }) => {
      const refusedOne = (number: number, channel: string) =>
        message(
          { channel },
          {
            key: `key-${number}`,
            outcome: {
              type: "dead_letter",
              deadLetter: deadLetter(`${channel}-${number}`, { reason: "not_allowed" }),
            },
          },
        );
      const many = Array.from({ length: 1002 }, (_, number) => refusedOne(number, chat));
      const results = await intake.accept({ messages: [...many, refusedOne(0, "other")] });
      expect(results.every(({ result }) => result === "dead_letter")).toBe(true);
      expect(await queries.deadLetter(`${chat}-999`)).toBeDefined();
      expect(await queries.deadLetter(`${chat}-1000`)).toBeUndefined();
      expect(await queries.deadLetter("other-0")).toBeDefined();
      const last = many.at(-1);
      expect(await intake.accept({ messages: last === undefined ? [] : [last] })).toEqual([
        { result: "known", task: null, settled: true },
      ]);
      expect(await intake.unacknowledged(chat)).toBe(1002);
      const counted = [{ channel: chat, reason: "not_allowed", count: 2 }];
      expect(await queries.stats()).toMatchObject({ deadLetters: 1001, onlyCounted: counted });
    },
  },
  {
    title: "a word on a delivered reply is noted there without a task; on any other it is the task",
    run: async ({ store: { outbox, queries }, message, accept, ended, sending, types }) => {
      const { id } = await ended({ destination: { to: "peer" } });
      const note = (ref: string) => {
        const otherwise = message().outcome;
        return message({}, { outcome: { type: "note", ref, text: "It is done.", otherwise } });
      };
      const [unsent] = await accept(note("ref-1"));
      expect(unsent?.result).toBe("task");
      const [item] = await sending();
      const by = { node: "node-1", boot: "boot-1" };
      await outbox.delivered(item?.id ?? "", by, { ref: "ref-1", repeated: false });
      expect(await accept(note("ref-1"), note("ref-2"))).toMatchObject([
        { result: "noted", taskId: id },
        { result: "task" },
      ]);
      expect((await types(id)).slice(-2)).toEqual(["reply.delivered", "reply.noted"]);
      expect((await queries.stats()).tasks.pending).toBe(2);
    },
  },
  {
    title: "metadata is merged by key, limited to 4 KiB in all, and survives the end",
    run: async ({ store: { intake }, claimed, finish, now }) => {
      const claim = await claimed({ metadata: { a: 1, b: { c: 2 } } });
      const { taskId } = claim;
      const merge = async (metadata: Record<string, string | number>) =>
        await intake.mergeMetadata({ taskId, scope: ann, metadata });
      expect((await merge({ b: "two", d: 4 }))?.metadata).toEqual({ a: 1, b: "two", d: 4 });
      await refused(merge({ e: "é".repeat(2040) }), "INPUT_TOO_LARGE");
      await finish(claim, completed("done"));
      expect((await now(taskId)).metadata).toEqual({ a: 1, b: "two", d: 4 });
      expect((await merge({ a: "after the end" }))?.status).toBe("completed");
      expect((await now(taskId)).metadata["a"]).toBe("after the end");
    },
  },
];
