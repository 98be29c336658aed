import { setImmediate as turn } from "node:timers/promises";
import { type Hint, isTerminal } from "@agent-bridge/core";
import { expect, vi } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, question, refused, said, type StoreBench } from "./bench.ts";

/** Collects hints; `topics` empties the collection. */
function watching({ store }: StoreBench) {
  const hints: Hint[] = [];
  const watch = store.log.watch((hint) => void hints.push(hint));
  return {
    /** Waits for a hint like this one, and forgets what came. */
    heard: async (wanted: Hint): Promise<void> => {
      await vi.waitFor(() => expect(hints).toContainEqual(wanted), { interval: 5 });
      hints.length = 0;
    },
    hints,
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

/** Hints to those who watch. */
export const watchCases: readonly StoreCase[] = [
  {
    title:
      "S15 a reader that reads at each hint has every event, and the terminal event without another look",
    isLive: true,
    run: async (bench) => {
      const { store, claimed, finish } = bench;
      const claim = await claimed();
      const { taskId } = claim;
      const types: string[] = [];
      let after: string | null = null;
      let reading: Promise<void> = Promise.resolve();
      const readOn = async (): Promise<void> => {
        const page = await store.log.read({ scope: all, taskId, after, limit: 100 });
        types.push(...page.events.map(({ type }) => type));
        after = page.next;
      };
      using _watch = store.log.watch((hint) => {
        if (hint.topic === "events" && hint.taskId === taskId) reading = reading.then(readOn);
      });
      await readOn();
      const work = async (): Promise<void> => {
        for (let round = 0; round < 5; round++) {
          await store.work.append(claim, { events: [said(`${round}`)] });
          await turn();
        }
        await finish(claim);
      };
      await work();
      await vi.waitFor(() => expect(types.at(-1)).toBe("task.completed"), { interval: 5 });
      await reading;
      expect(types).toHaveLength(2 + 5 + 1);
      const log = await bench.events({ taskId });
      expect(log.filter(isTerminal)).toHaveLength(1);
      expect(log.map(({ type }) => type)).toEqual(types);
    },
  },
  {
    title: "each change is told under its topic, once it can be read",
    isLive: true,
    run: async (bench) => {
      const { store, accepted, claimNext, finish, cancel, sending } = bench;
      using watch = watching(bench);
      const { id: taskId } = await accepted({ destination: { to: "ann" } });
      await watch.heard({ topic: "work" });
      const claim = await claimNext();
      await watch.heard({ topic: "events", taskId });
      await store.work.append(claim, { events: [], ask: question("q", { text: "May I?" }) });
      await watch.heard({ topic: "outbox" });
      await store.intake.answer({ questionId: "q", scope: all, answer: { action: "accept" } });
      await watch.heard({ topic: "news", taskId });
      await cancel(taskId);
      await watch.heard({ topic: "news", taskId });
      await finish(claim);
      await watch.heard({ topic: "outbox" });
      for (let count = 0; count < 2; count++) {
        const [item] = await sending();
        await store.outbox.delivered(
          item?.id ?? "",
          { node: "node-1", boot: "boot-1" },
          { ref: null, repeated: false },
        );
      }
      await watch.heard({ topic: "acks", channel: "chat" });
      const released = await bench.claimed();
      watch.hints.length = 0;
      await store.work.release(released);
      await watch.heard({ topic: "work" });
    },
  },
  {
    title: "what is refused is not told, and neither is anything once a watch was disposed",
    isLive: true,
    run: async (bench) => {
      const { store, accepted } = bench;
      const mine: Hint[] = [];
      const other: Hint[] = [];
      const listener = (hint: Hint): void => void mine.push(hint);
      // One function that watches twice: each watch ends alone.
      const first = store.log.watch(listener);
      using _second = store.log.watch(listener);
      const ended = store.log.watch((hint) => void other.push(hint));
      await refused(
        store.work.append({ taskId: "none", attempt: 1 }, { events: [said("x")] }),
        "CLAIM_LOST",
      );
      for (let count = 0; count < 4; count++) await turn();
      expect(mine).toEqual([]);
      ended[Symbol.dispose]();
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      await accepted();
      await vi.waitFor(() => expect(mine).toContainEqual({ topic: "work" }), { interval: 5 });
      for (let count = 0; count < 4; count++) await turn();
      expect(mine.filter(({ topic }) => topic === "work")).toHaveLength(1);
      expect(other).toEqual([]);
    },
  },
];
