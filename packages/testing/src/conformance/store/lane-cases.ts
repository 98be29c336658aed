import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { completed, failed } from "./bench.ts";

/** Lanes: one open task of a conversation at a time, in order; conversations side by side. */
export const laneCases: readonly StoreCase[] = [
  {
    title: "S31 a conversation's tasks are claimed one at a time, in the order they were accepted",
    run: async ({ accept, message, claims, finish }) => {
      const burst = Array.from({ length: 20 }, (_, number) =>
        message({ lane: "one", text: `${number}` }),
      );
      await accept(...burst);
      const order: string[] = [];
      for (;;) {
        const claimed = await claims();
        expect(claimed.length).toBeLessThanOrEqual(1);
        expect(await claims()).toEqual([]);
        const [claim] = claimed;
        if (claim === undefined) break;
        order.push(claim.task.input.prompt);
        await finish(claim);
      }
      expect(order).toEqual(Array.from({ length: 20 }, (_, number) => `${number}`));
    },
  },
  {
    title: "conversations go side by side, and tasks without one do as well",
    run: async ({ accept, message, claims }) => {
      await accept(
        message({ lane: "one", text: "a" }),
        message({ lane: "one", text: "b" }),
        message({ lane: "two", text: "c" }),
        message({ lane: null, text: "d" }),
        message({ lane: null, text: "e" }),
      );
      const given = await claims();
      expect(given.map(({ task }) => task.input.prompt)).toEqual(["a", "c", "d", "e"]);
      expect(given.find(({ task }) => task.input.prompt === "d")?.task.conversationId).toBeNull();
    },
  },
  {
    title: "the oldest are given first, at most as many as asked for, of the runners asked for",
    run: async ({ accept, message, claims }) => {
      const runners = ["codex", "agent", "other", "codex", "agent"];
      await accept(...runners.map((runner, number) => message({ runner, text: `${number}` })));
      const prompts = async (request: { runners: string[]; limit: number }): Promise<string[]> =>
        (await claims(request)).map(({ task }) => task.input.prompt);
      expect(await prompts({ runners: ["agent", "codex"], limit: 0 })).toEqual([]);
      expect(await prompts({ runners: ["agent", "codex"], limit: 3 })).toEqual(["0", "1", "3"]);
      expect(await prompts({ runners: ["agent", "codex", "agent"], limit: 3 })).toEqual(["4"]);
      expect(await prompts({ runners: [], limit: 3 })).toEqual([]);
      expect(await prompts({ runners: ["other"], limit: 3 })).toEqual(["2"]);
    },
  },
  {
    title: "an earlier task of another runner blocks the conversation as well",
    run: async ({ accept, message, claims, claimNext, finish }) => {
      await accept(message({ lane: "one", runner: "codex" }), message({ lane: "one" }));
      expect(await claims()).toEqual([]);
      await finish(await claimNext({ runners: ["codex"] }));
      expect(await claims()).toHaveLength(1);
    },
  },
  {
    title: "many claims at once never give one task twice",
    run: async ({ accept, message, claims }) => {
      await accept(...Array.from({ length: 30 }, () => message()));
      const node = (number: number) => ({ node: `node-${number}`, boot: "boot" });
      const calls = Array.from({ length: 20 }, async (_, number) =>
        claims({ worker: node(number), limit: 2 }),
      );
      const ids = (await Promise.all(calls)).flat().map(({ taskId }) => taskId);
      expect(ids).toHaveLength(30);
      expect(new Set(ids).size).toBe(30);
    },
  },
  {
    title: "a task that waits for an answer, live or suspended, blocks its conversation",
    run: async ({ store, accept, message, claims, claimNext, suspend }) => {
      await accept(message({ lane: "one" }), message({ lane: "one" }));
      const claim = await claimNext();
      const ask = { id: "live", type: "approval", title: "?", details: {} } as const;
      await store.work.append(claim, { events: [], ask: { ...ask, deadlineMs: 9e6, text: null } });
      expect(await claims()).toEqual([]);
      await suspend(claim, "suspended", { deadlineMs: 9e6 });
      expect(await claims()).toEqual([]);
    },
  },
  {
    title: "S05 a task that failed lets the next of its conversation go on",
    run: async ({ accept, message, claims, claimNext, finish }) => {
      await accept(message({ lane: "one" }), message({ lane: "one", text: "next" }));
      await finish(await claimNext(), failed("crash_loop"));
      expect((await claims()).map(({ task }) => task.input.prompt)).toEqual(["next"]);
    },
  },
  {
    title: "S03 a message that is accepted while the one before it ends is not stranded",
    run: async ({ accept, message, claims, claimNext, finish }) => {
      for (let round = 0; round < 10; round++) {
        await accept(message({ lane: "one", text: "first" }));
        const claim = await claimNext();
        await Promise.all([
          finish(claim, completed("done")),
          accept(message({ lane: "one", text: "second" })),
        ]);
        const [next, ...others] = await claims();
        expect([next?.task.input.prompt, others.length]).toEqual(["second", 0]);
        if (next !== undefined) await finish(next);
      }
    },
  },
];
