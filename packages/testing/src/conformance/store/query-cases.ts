import type { Page } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, bob, failed, question, refused } from "./bench.ts";

type PageRequest = { readonly limit: number; readonly after: string | null };

/** Reads a list to its end in pages of this size. */
async function pages<T>(
  read: (page: PageRequest) => Promise<Page<T>>,
  limit: number,
): Promise<{ items: T[]; sizes: number[] }> {
  const items: T[] = [];
  const sizes: number[] = [];
  for (let after: string | null = null; ;) {
    const page: Page<T> = await read({ limit, after });
    items.push(...page.items);
    sizes.push(page.items.length);
    if (page.next === null) return { items, sizes };
    after = page.next;
  }
}

/** Queries: scopes, lists, figures. */
export const queryCases: readonly StoreCase[] = [
  {
    title: "S23 what lies outside of a scope does not exist, for any read or write",
    run: async ({ store, claimed, accepted }) => {
      const claim = await claimed({ lane: "k" });
      await store.work.append(claim, { events: [], ask: question("q") });
      await accepted({ owner: "peer:x" });
      const { taskId, task } = claim;
      const conversationId = task.conversationId ?? "";
      const place = { channel: "chat", workspace: "home", key: "k" };
      const page = { limit: 10, after: null };
      const { queries, intake, log } = store;
      // A missing owner is no wildcard, and nothing in a name is.
      for (const owner of ["bob", "", "an", "ann ", "%", "*", "ANN"]) {
        const scope = { owner };
        expect(await queries.task(taskId, scope)).toBeUndefined();
        expect((await queries.tasks({ scope }, page)).items).toEqual([]);
        expect((await queries.tasks({ scope, conversationId }, page)).items).toEqual([]);
        expect(await queries.conversation(conversationId, scope)).toBeUndefined();
        expect(await queries.conversationAt(place, scope)).toBeUndefined();
        expect((await queries.conversations(scope, page)).items).toEqual([]);
        expect(await queries.history(conversationId, scope)).toEqual([]);
        expect(await queries.questions(taskId, scope)).toEqual([]);
        expect((await log.read({ scope, taskId, after: null, limit: 9 })).events).toEqual([]);
        expect((await log.read({ scope, after: null, limit: 9 })).events).toEqual([]);
        const answer = { action: "accept" } as const;
        expect(await intake.answer({ questionId: "q", scope, answer })).toBeUndefined();
        expect(await intake.mergeMetadata({ taskId, scope, metadata: { a: 1 } })).toBeUndefined();
        const cancel = { taskId, scope, by: owner, reason: null, ending: failed("cancelled") };
        expect(await intake.requestCancel(cancel)).toBeUndefined();
      }
      expect(await queries.task(taskId, ann)).toMatchObject({
        status: "input_required",
        metadata: {},
      });
      expect(await queries.task("none", all)).toBeUndefined();
      expect(await queries.history("none", all)).toEqual([]);
    },
  },
  {
    title: "tasks are listed newest first, by every filter and their combinations",
    run: async ({ store: { queries }, accepted, claimNext, finish }) => {
      const kinds = ["a", "b", "a"];
      for (const kind of kinds) await accepted({ kind, lane: "k" });
      await accepted({ kind: "a", owner: "bob", runner: "codex" });
      await finish(await claimNext(), failed("timeout"));
      const list = async (
        filter: Omit<Parameters<typeof queries.tasks>[0], "scope">,
        scope = all,
      ) =>
        (await queries.tasks({ scope, ...filter }, { limit: 10, after: null })).items.map(
          ({ id }) => id,
        );
      expect(await list({})).toEqual(["task-4", "task-3", "task-2", "task-1"]);
      expect(await list({}, bob)).toEqual(["task-4"]);
      expect(await list({ kind: "a" })).toEqual(["task-4", "task-3", "task-1"]);
      expect(await list({ runner: "codex" })).toEqual(["task-4"]);
      expect(await list({ status: ["failed"] })).toEqual(["task-1"]);
      expect(await list({ status: ["failed", "pending"], kind: "a" }, ann)).toEqual([
        "task-3",
        "task-1",
      ]);
      expect(await list({ status: [] })).toEqual([]);
      expect(await list({ conversationId: "conversation-1" })).toEqual([
        "task-3",
        "task-2",
        "task-1",
      ]);
      expect(await list({ kind: "none" })).toEqual([]);
    },
  },
  {
    title: "a list is read page by page to its end, without repeat or gap, while it grows",
    run: async ({ store: { queries }, accept, accepted, message }) => {
      await accept(...Array.from({ length: 6 }, () => message()));
      const first = await queries.tasks({ scope: all }, { limit: 3, after: null });
      await accepted();
      const second = await queries.tasks({ scope: all }, { limit: 3, after: first.next });
      expect(second.next).toBeNull();
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(
        [6, 5, 4, 3, 2, 1].map((number) => `task-${number}`),
      );
      for (const limit of [1, 2, 7, 1000]) {
        const { items } = await pages((page) => queries.tasks({ scope: all }, page), limit);
        expect(items).toHaveLength(7);
        const conversations = await pages((page) => queries.conversations(all, page), limit);
        expect(conversations.items.map(({ key }) => key)).toEqual(
          [7, 6, 5, 4, 3, 2, 1].map((number) => `lane-${number}`),
        );
      }
      const { sizes } = await pages((page) => queries.tasks({ scope: all }, page), 0);
      expect(sizes).toEqual([1, 1, 1, 1, 1, 1, 1]);
      const none = await queries.tasks({ scope: bob }, { limit: 1, after: null });
      expect(none).toEqual({ items: [], next: null });
    },
  },
  {
    title: "a page has at most 1,000 items, and a place that no page gave is refused",
    run: async ({ store: { queries }, accept, message }) => {
      await accept(...Array.from({ length: 1001 }, () => message({ lane: null })));
      const page = await queries.tasks({ scope: all }, { limit: 1_000_000, after: null });
      expect([page.items.length, page.next === null]).toEqual([1000, false]);
      for (const after of ["", "x", "-1", "1.5", "9".repeat(40), "' or 1=1"]) {
        await refused(queries.tasks({ scope: all }, { limit: 1, after }), "CURSOR_INVALID");
        await refused(queries.conversations(all, { limit: 1, after }), "CURSOR_INVALID");
        await refused(queries.deadLetters({ limit: 1, after }), "CURSOR_INVALID");
      }
    },
  },
  {
    title: "S06 dead letters are listed newest first, page by page, with their payloads",
    run: async ({ store: { queries }, accept, message }) => {
      const letter = (id: string) => ({
        id,
        reason: "kind_unknown" as const,
        detail: "What is this?",
        kind: "unknown",
        workspace: "home",
        payload: `payload of ${id}`,
        bytes: 12,
        sha256: "00",
      });
      const ids = ["a", "b", "c", "d"];
      const outcomes = ids.map((id) => ({ type: "dead_letter" as const, deadLetter: letter(id) }));
      await accept(...outcomes.map((outcome) => message({}, { outcome })));
      const { items, sizes } = await pages((page) => queries.deadLetters(page), 2);
      expect(items.map(({ id, payload }) => [id, payload])).toEqual(
        ids.toReversed().map((id) => [id, `payload of ${id}`]),
      );
      expect(sizes).toEqual([2, 2]);
      expect(await queries.deadLetter("none")).toBeUndefined();
    },
  },
  {
    title: "the figures count what there is",
    run: async ({ store: { queries, work }, clock, accepted, claims, finish, suspend, ended }) => {
      const tasks = { pending: 0, running: 0, input_required: 0, completed: 0, failed: 0 };
      const none = { outbox: 0, deadLetters: 0, onlyCounted: [], openQuestions: 0 };
      const empty = { tasks, oldestPendingMs: null, ...none };
      expect(await queries.stats()).toEqual(empty);
      await ended({ destination: { to: "ann" } });
      for (let count = 0; count < 4; count++) await accepted();
      const [one, two, three] = await claims({ limit: 3 });
      if (!one || !two || !three) throw new Error("Three.");
      await finish(one, failed("timeout"));
      await suspend(two, "q");
      await work.append(three, { events: [] });
      await clock.advance(400);
      await accepted();
      clock.jump(-1e9);
      await clock.advance(100);
      expect(await queries.stats()).toEqual({
        tasks: { pending: 2, running: 1, input_required: 1, completed: 1, failed: 1 },
        oldestPendingMs: 500,
        outbox: 1,
        deadLetters: 0,
        onlyCounted: [],
        openQuestions: 1,
      });
    },
  },
];
