import type { ClaimRef } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import {
  all,
  ann,
  completed,
  laterBoot,
  leaseMs,
  otherNode,
  question,
  refused,
  said,
  type StoreBench,
} from "./bench.ts";

/** Tries every write of a worker under a claim that does not own its task, and checks that nothing came of it. */
async function expectFenced(bench: StoreBench, ref: ClaimRef): Promise<void> {
  const { store, finish, suspend, events } = bench;
  const { work, outbox, queries } = store;
  const look = async (): Promise<unknown> => ({
    events: await events(),
    task: await queries.task(ref.taskId, all),
    questions: await queries.questions(ref.taskId, all),
    conversations: await queries.conversations(all, { limit: 100, after: null }),
    outbox: await outbox.due(["chat"], 100),
    stats: await queries.stats(),
    processes: await work.processes("node-1"),
  });
  const before = await look();
  const session = { id: "stale", state: {} };
  const process = { pid: 1, startTime: "1" };
  await refused(work.append(ref, { events: [said("stale")] }), "CLAIM_LOST");
  await refused(work.append(ref, { events: [], session, process, progress: 0.5 }), "CLAIM_LOST");
  await refused(
    work.append(ref, { events: [], ask: question("stale", { text: "?" }) }),
    "CLAIM_LOST",
  );
  await refused(suspend(ref, "stale", { text: "?" }), "CLAIM_LOST");
  await refused(work.release(ref, { notBeforeMs: 1e9 }), "CLAIM_LOST");
  await refused(finish(ref, completed("stale"), [said("stale")]), "CLAIM_LOST");
  expect(await look()).toEqual(before);
}

/** Fencing: only the attempt that owns its task writes. */
export const fencingCases: readonly StoreCase[] = [
  {
    title: "S12 once another has claimed the task, the earlier attempt writes nothing",
    run: async (bench) => {
      const { clock, claimed, claimNext, finish } = bench;
      const stale = await claimed({ destination: { to: "ann" } });
      await clock.advance(leaseMs);
      const current = await claimNext({ worker: otherNode });
      await expectFenced(bench, stale);
      expect((await finish(current, completed("mine"))).output).toEqual({ output: "mine" });
    },
  },
  {
    title: "an attempt that has ended its task writes nothing more: an ended task stays ended",
    run: async (bench) => {
      const { claimed, finish } = bench;
      const claim = await claimed({ destination: { to: "ann" } });
      await finish(claim);
      await expectFenced(bench, claim);
    },
  },
  {
    title: "an attempt that released, suspended or forfeited its task writes nothing more",
    run: async (bench) => {
      const { store, claimed, suspend } = bench;
      const released = await claimed();
      await store.work.release(released, { notBeforeMs: 1e9 });
      await expectFenced(bench, released);
      const suspended = await claimed();
      await suspend(suspended, "q");
      await expectFenced(bench, suspended);
      const forfeited = await claimed();
      await store.work.forfeit(laterBoot);
      await expectFenced(bench, forfeited);
    },
  },
  {
    title: "an attempt that never was, of a task that is or is not, writes nothing",
    run: async (bench) => {
      const { accepted, claimed } = bench;
      const { taskId } = await claimed();
      await expectFenced(bench, { taskId, attempt: 2 });
      await expectFenced(bench, { taskId, attempt: 0 });
      const pending = await accepted();
      await expectFenced(bench, { taskId: pending.id, attempt: 0 });
      await expectFenced(bench, { taskId: "none", attempt: 1 });
    },
  },
  {
    title: "an attempt whose lease ran out still writes, as long as nobody else has claimed",
    run: async ({ store, clock, claimed, finish }) => {
      const claim = await claimed();
      await clock.advance(2 * leaseMs);
      expect(await store.work.append(claim, { events: [said("late")] })).toHaveLength(1);
      expect((await finish(claim)).status).toBe("completed");
    },
  },
  {
    title: "among many appends at once a refused one fails alone, and leaves no gap",
    run: async ({ store, clock, accept, message, claims, claimNext, events }) => {
      const { conversationId } = (await claimNextOf({ accept, message, claimNext })).task;
      await clock.advance(leaseMs);
      const stale = { taskId: "task-1", attempt: 1 };
      const [current] = await claims();
      await accept(message());
      const other = await claimNext();
      if (current === undefined) throw new Error("It is claimable.");
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, async (_, number) => {
          const ref = [stale, current, other][number % 3] ?? other;
          return await store.work.append(ref, { events: [said(`${number}`), said(`${number}`)] });
        }),
      );
      const isRefused = results.map(({ status }) => status === "rejected");
      expect(isRefused).toEqual(results.map((_, number) => number % 3 === 0));
      await store.work.append(current, { events: [said("last")] });
      for (const taskId of [current.taskId, other.taskId]) {
        const seqs = (await events({ taskId })).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, place) => place + 1));
      }
      expect(await events({ taskId: current.taskId, types: ["turn.text"] })).toHaveLength(21);
      expect(await events({ scope: ann, conversationId: conversationId ?? "" })).toHaveLength(24);
    },
  },
];

async function claimNextOf({
  accept,
  message,
  claimNext,
}: Pick<StoreBench, "accept" | "message" | "claimNext">) {
  await accept(message());
  return await claimNext();
}
