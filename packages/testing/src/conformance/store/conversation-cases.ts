import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import {
  all,
  ann,
  bob,
  chat,
  completed,
  failed,
  leaseMs,
  otherNode,
  refused,
  type StoreBench,
} from "./bench.ts";

const sessionOf = async ({ store }: StoreBench, conversationId: string | null) =>
  (await store.queries.conversation(conversationId ?? "", all))?.sessions;

/** Conversations: places, sessions, history. */
export const conversationCases: readonly StoreCase[] = [
  {
    title: "messages of one place share a conversation, other places have their own",
    run: async ({ accepted }) => {
      const one = await accepted({ lane: "k" });
      const same = await accepted({ lane: "k", owner: "bob" });
      const others = [
        await accepted({ lane: "other" }),
        await accepted({ lane: "k", workspace: "elsewhere" }),
        await accepted({ lane: "k", channel: "other" }),
      ];
      expect(same.conversationId).toBe(one.conversationId);
      const ids = [one, ...others].map(({ conversationId }) => conversationId);
      expect(new Set(ids).size).toBe(4);
    },
  },
  {
    title: "a direct caller's own name for a conversation opens nobody else's",
    run: async ({ store, accepted, task }) => {
      const named = (owner: string) => ({
        owner,
        provenance: { ...task().provenance, channel: null },
        conversation: {
          newId: `of-${owner}`,
          channel: null,
          workspace: "",
          key: "notes",
          keepsSession: true,
        },
      });
      expect(await accepted(named("ann"))).toMatchObject({
        conversationId: "of-ann",
        channel: null,
      });
      expect(await accepted(named("bob"))).toMatchObject({ conversationId: "of-bob" });
      expect(await accepted(named("ann"))).toMatchObject({ conversationId: "of-ann" });
      const place = { channel: null, workspace: "", key: "notes" };
      expect(await store.queries.conversationAt(place, ann)).toMatchObject({ id: "of-ann" });
      expect(await store.queries.conversationAt(place, bob)).toMatchObject({ id: "of-bob" });
      expect(await store.queries.conversationAt(place, { owner: "eve" })).toBeUndefined();
      expect(await store.queries.conversationAt(place, all)).toBeUndefined();
    },
  },
  {
    title: "a conversation is found by id and by place, and counts its open tasks",
    run: async ({ store, clock, accepted, claimed, finish }) => {
      const claim = await claimed({ lane: "k" });
      const createdAt = clock.now();
      await clock.advance(1000);
      await accepted({ lane: "k" });
      const conversation = {
        id: claim.task.conversationId,
        owner: "ann",
        channel: chat,
        workspace: "home",
        key: "k",
        createdAt,
        lastActiveAt: createdAt + 1000,
        openTasks: 2,
        sessions: [],
      };
      const id = claim.task.conversationId ?? "";
      expect(await store.queries.conversation(id, ann)).toEqual(conversation);
      const place = { channel: chat, workspace: "home", key: "k" };
      expect(await store.queries.conversationAt(place, all)).toEqual(conversation);
      expect(await store.queries.conversationAt({ ...place, key: "none" }, all)).toBeUndefined();
      await finish(claim);
      expect((await store.queries.conversation(id, ann))?.openTasks).toBe(1);
    },
  },
  {
    title:
      "S38 a session is stored with the events of its append, replaced by the next, and given to later claims",
    run: async (bench) => {
      const { store, claimed, finish, events } = bench;
      const claim = await claimed({ lane: "k" });
      const state = { thread: ["deep", { er: null }] };
      const told = { type: "turn.session", data: { sessionId: "s1" } } as const;
      await store.work.append(claim, { events: [told], session: { id: "s1", state } });
      expect(await sessionOf(bench, claim.task.conversationId)).toEqual([
        { runner: "agent", sessionId: "s1" },
      ]);
      expect(await events({ types: ["turn.session"] })).toHaveLength(1);
      await finish(claim);
      const next = await claimed({ lane: "k" });
      expect(next.session).toEqual({ id: "s1", state });
      await store.work.append(next, { events: [], session: { id: "s2", state: {} } });
      await finish(next, failed("runner_failed"));
      expect((await claimed({ lane: "k" })).session).toEqual({ id: "s2", state: {} });
    },
  },
  {
    title: "S24 each runner and each conversation has a session of its own",
    run: async (bench) => {
      const { store, claimed, finish } = bench;
      const first = await claimed({ lane: "k" });
      await store.work.append(first, { events: [], session: { id: "s1", state: {} } });
      await finish(first);
      const second = await claimed({ lane: "k", runner: "codex" });
      expect(second.session).toBeNull();
      await store.work.append(second, { events: [], session: { id: "c1", state: {} } });
      await finish(second);
      expect((await claimed({ lane: "other" })).session).toBeNull();
      expect((await claimed({ lane: "k" })).session?.id).toBe("s1");
      expect(await sessionOf(bench, first.task.conversationId)).toEqual([
        { runner: "agent", sessionId: "s1" },
        { runner: "codex", sessionId: "c1" },
      ]);
    },
  },
  {
    title: "a refused append moves no session",
    run: async (bench) => {
      const { store, clock, claimed, claimNext } = bench;
      const stale = await claimed({ lane: "k" });
      await store.work.append(stale, { events: [], session: { id: "s1", state: {} } });
      await clock.advance(leaseMs);
      const current = await claimNext({ worker: otherNode });
      expect(current.session?.id).toBe("s1");
      const late = store.work.append(stale, { events: [], session: { id: "stale", state: {} } });
      await refused(late, "CLAIM_LOST");
      expect(await sessionOf(bench, stale.task.conversationId)).toMatchObject([
        { sessionId: "s1" },
      ]);
    },
  },
  {
    title:
      "a place that keeps no session, and a task without a conversation, start fresh each time",
    run: async (bench) => {
      const { store, claimed, finish } = bench;
      for (const sketch of [{ lane: "fresh", keepsSession: false }, { lane: null }]) {
        const claim = await claimed(sketch);
        await store.work.append(claim, { events: [], session: { id: "s", state: {} } });
        await finish(claim);
        const next = await claimed(sketch);
        expect(next.session).toBeNull();
        await finish(next);
      }
    },
  },
  {
    title:
      "history has each message at its acceptance, and one answer at its task's end, if there is one",
    run: async ({ store, clock, accepted, claimNext, finish }) => {
      const at = clock.now();
      const lane = "k";
      const tasks = [
        await accepted({ lane, text: "one" }),
        await accepted({ lane, text: "two" }),
        await accepted({ lane, text: "three" }),
        await accepted({ lane, text: "four" }),
      ];
      await accepted({ lane: "other", text: "elsewhere" });
      const id = tasks[0]?.conversationId ?? "";
      const texts = async () =>
        (await store.queries.history(id, ann)).map(({ role, text }) => `${role}: ${text}`);
      expect(await texts()).toEqual(["user: one", "user: two", "user: three", "user: four"]);
      await clock.advance(10);
      await finish(await claimNext(), completed("answer one"));
      await finish(await claimNext({ limit: 1 }), failed("timeout", "half of two"));
      await finish(await claimNext(), failed("timeout"));
      await finish(await claimNext(), completed(""));
      expect((await texts()).slice(4)).toEqual(["assistant: answer one", "assistant: half of two"]);
      const history = await store.queries.history(id, ann);
      expect(history[0]).toEqual({ role: "user", text: "one", taskId: tasks[0]?.id, at });
      expect(history[4]).toMatchObject({ role: "assistant", taskId: tasks[0]?.id, at: at + 10 });
    },
  },
  {
    title: "history gives the newest 1,000 messages, oldest first",
    run: async ({ store, accept, message }) => {
      const many = Array.from({ length: 1003 }, (_, number) =>
        message({ lane: "k", text: `${number}` }),
      );
      const [first] = await accept(...many);
      const id = first?.result === "task" ? (first.task.conversationId ?? "") : "";
      const history = await store.queries.history(id, all);
      expect(history).toHaveLength(1000);
      expect([history[0]?.text, history[999]?.text]).toEqual(["3", "1002"]);
    },
  },
];
