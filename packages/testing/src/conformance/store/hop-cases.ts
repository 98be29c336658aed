import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { chat, question, type StoreBench, type TaskSketch } from "./bench.ts";

const hops = { limit: 3, quietMs: 3_600_000 };
const peer: TaskSketch = { lane: "peer", owner: "peer", hops };

/** What becomes of so many messages of a peer. */
async function turns(bench: StoreBench, count: number, sketch: TaskSketch = {}): Promise<string[]> {
  const messages = Array.from({ length: count }, () => bench.message({ ...peer, ...sketch }));
  return (await bench.accept(...messages)).map(({ result }) => result);
}

/** The hop limit of agents that talk to each other. */
export const hopCases: readonly StoreCase[] = [
  {
    title:
      "S37 more turns of an agent than the limit are dead letters with their payload, and are settled",
    run: async (bench) => {
      const { store, message, accept } = bench;
      expect(await turns(bench, 3)).toEqual(["task", "task", "task"]);
      const [dead] = await accept(message({ ...peer, text: "and on" }, { key: "last" }));
      expect(dead).toMatchObject({ result: "dead_letter", reason: "hop_limit" });
      const id = dead?.result === "dead_letter" ? dead.deadLetterId : "";
      expect(await store.queries.deadLetter(id)).toMatchObject({
        reason: "hop_limit",
        kind: "chat.message",
        workspace: "home",
        payload: JSON.stringify({ text: "and on" }),
        bytes: 17,
        channel: chat,
        messageId: "last",
        taskId: null,
      });
      expect((await store.queries.stats()).tasks.pending).toBe(3);
      expect(await store.intake.acksDue(chat, "queue")).toHaveLength(1);
    },
  },
  {
    title:
      "a person who writes in the same channel and workspace sets the count back, nobody else does",
    run: async (bench) => {
      const { accepted } = bench;
      await turns(bench, 3);
      await accepted({ workspace: "elsewhere" });
      await accepted({ channel: "other" });
      expect(await turns(bench, 1)).toEqual(["dead_letter"]);
      await accepted({ lane: "person" });
      expect(await turns(bench, 4)).toEqual(["task", "task", "task", "dead_letter"]);
    },
  },
  {
    title: "a person's answer to a question counts as writing",
    run: async (bench) => {
      const { store, claimed, task, message, accept } = bench;
      const claim = await claimed({ lane: "person" });
      await store.work.append(claim, { events: [], ask: question("q") });
      await turns(bench, 3);
      const answer = { action: "accept" } as const;
      const outcome = { type: "answer", questionId: "q", answer, otherwise: task() } as const;
      expect(await accept(message({}, { outcome }))).toMatchObject([{ result: "answered" }]);
      expect(await turns(bench, 1)).toEqual(["task"]);
    },
  },
  {
    title: "a quiet time without a turn sets the count back, and refused turns do not prolong it",
    run: async (bench) => {
      const { clock } = bench;
      await turns(bench, 3);
      await clock.advance(hops.quietMs - 1);
      expect(await turns(bench, 1)).toEqual(["dead_letter"]);
      await clock.advance(1);
      expect(await turns(bench, 4)).toEqual(["task", "task", "task", "dead_letter"]);
    },
  },
  {
    title: "turns of each conversation are counted for themselves",
    run: async (bench) => {
      await turns(bench, 3);
      expect(await turns(bench, 1, { lane: "another" })).toEqual(["task"]);
      expect(await turns(bench, 1)).toEqual(["dead_letter"]);
    },
  },
];
