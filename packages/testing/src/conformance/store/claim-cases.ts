import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { failed, laterBoot, leaseMs, otherNode, said, type StoreBench, worker } from "./bench.ts";

const day = 86_400_000;

/** The start events of a task. */
const starts = async ({ events }: StoreBench, taskId: string) =>
  (await events({ taskId, types: ["task.started"] })).map(({ data }) => data);

/** Claims and their leases: renewal, loss, crashes, release, forfeit. */
export const claimCases: readonly StoreCase[] = [
  {
    title: "a claim raises the attempt, starts the task and says so in its log",
    run: async (bench) => {
      const { clock, accepted, claimNext, now } = bench;
      const { id } = await accepted({ destination: { to: "ann" }, questions: "decline" });
      await clock.advance(5);
      const claim = await claimNext();
      expect(claim).toEqual({
        taskId: id,
        attempt: 1,
        worker,
        task: await now(id),
        cause: "new",
        rules: { options: {}, recover: "resume", unknownReply: "repeat" },
        provenance: { kind: "chat.message", channel: "chat", workspace: "home", sender: "ann" },
        questions: "decline",
        hasDestination: true,
        session: null,
        begun: false,
        openQuestion: null,
        answered: null,
      });
      expect(await now(id)).toMatchObject({
        status: "running",
        attempt: 1,
        crashes: 0,
        startedAt: clock.now(),
      });
      expect(await starts(bench, id)).toEqual([{ attempt: 1, cause: "new" }]);
    },
  },
  {
    title: "a lease that ran out lets another claim, which counts as a crash",
    run: async (bench) => {
      const { clock, claimed, claims, claimNext } = bench;
      const { taskId, task } = await claimed();
      await clock.advance(leaseMs - 1);
      expect(await claims({ worker: otherNode })).toEqual([]);
      await clock.advance(1);
      const next = await claimNext({ worker: otherNode });
      expect(next).toMatchObject({ taskId, attempt: 2, cause: "recovered", worker: otherNode });
      expect(next.task).toMatchObject({ crashes: 1, startedAt: task.startedAt });
      expect(await starts(bench, taskId)).toEqual([
        { attempt: 1, cause: "new" },
        { attempt: 2, cause: "recovered" },
      ]);
      await clock.advance(leaseMs);
      expect((await claimNext()).task).toMatchObject({ attempt: 3, crashes: 2 });
    },
  },
  {
    title: "S04 a released task is no crash, stays running, and is claimed again in its turn",
    run: async (bench) => {
      const { store, claimed, accepted, now, claims, claimNext } = bench;
      const claim = await claimed({ lane: "one" });
      await accepted({ lane: "one" });
      await store.work.release(claim);
      expect(await now(claim.taskId)).toMatchObject({ status: "running", attempt: 1 });
      const next = await claimNext();
      expect(next).toMatchObject({ taskId: claim.taskId, attempt: 2, cause: "released" });
      expect(next.task.crashes).toBe(0);
      expect(await claims()).toEqual([]);
    },
  },
  {
    title:
      "a task that was released for later is claimed by nobody until then, and still blocks its lane",
    run: async ({ store, clock, claimed, accepted, claims }) => {
      const claim = await claimed({ lane: "one" });
      await accepted({ lane: "one" });
      await store.work.release(claim, { notBeforeMs: 5000 });
      await clock.advance(4999);
      expect(await claims()).toEqual([]);
      await clock.advance(1);
      expect((await claims()).map(({ taskId }) => taskId)).toEqual([claim.taskId]);
    },
  },
  {
    title: "S02 a renewed lease holds, and news alone do not renew",
    run: async ({ store, clock, claimed, claims }) => {
      const claim = await claimed();
      for (let beat = 0; beat < 3; beat++) {
        await clock.advance(leaseMs - 1);
        const [news] = await store.work.renew([claim], leaseMs);
        const { taskId, attempt } = claim;
        const same = { taskId, attempt, held: true, cancelRequested: false, question: null };
        expect(news).toEqual(same);
        expect(await store.work.news([claim])).toEqual([same]);
        expect(await claims()).toEqual([]);
      }
      await clock.advance(leaseMs - 1);
      await store.work.news([claim]);
      await clock.advance(1);
      expect(await claims()).toHaveLength(1);
    },
  },
  {
    title: "a lease that ran out is renewed as long as nobody else has claimed",
    run: async ({ store, clock, claimed, claims }) => {
      const claim = await claimed();
      await clock.advance(3 * leaseMs);
      expect(await store.work.renew([claim], leaseMs)).toMatchObject([{ held: true }]);
      expect(await claims()).toEqual([]);
      await clock.advance(leaseMs);
      expect(await claims()).toHaveLength(1);
    },
  },
  {
    title: "S12 a lease that another has claimed since is not renewed, and only it is refused",
    run: async ({ store, clock, accept, message, claims, finish }) => {
      await accept(message(), message(), message());
      const [lost, kept, done] = await claims();
      if (lost === undefined || kept === undefined || done === undefined) throw new Error("Three.");
      await clock.advance(leaseMs);
      await store.work.renew([kept, done], leaseMs);
      const [next] = await claims({ worker: otherNode });
      expect(next).toMatchObject({ taskId: lost.taskId, attempt: 2 });
      await finish(done);
      const refs = [lost, kept, done, { taskId: "none", attempt: 1 }];
      expect(await store.work.renew(refs, 10 * leaseMs)).toMatchObject([
        { taskId: lost.taskId, attempt: 1, held: false },
        { taskId: kept.taskId, attempt: 1, held: true },
        { taskId: done.taskId, attempt: 1, held: false },
        { taskId: "none", attempt: 1, held: false, cancelRequested: false, question: null },
      ]);
      expect((await store.work.news(refs)).map(({ held }) => held)).toEqual([
        false,
        true,
        false,
        false,
      ]);
      // The renewal that was refused did not prolong the lease of the one that holds it now.
      await clock.advance(leaseMs);
      expect((await claims()).map(({ taskId }) => taskId)).toEqual([lost.taskId]);
    },
  },
  {
    title: "S36 a wall clock that jumps ends no lease, and keeps none",
    run: async ({ clock, claimed, claims }) => {
      await claimed();
      clock.jump(day);
      expect(await claims()).toEqual([]);
      clock.jump(-2 * day);
      await clock.advance(leaseMs);
      expect(await claims()).toHaveLength(1);
    },
  },
  {
    title: "forfeit ends the leases of earlier boots of this node, and no others",
    run: async ({ store, accept, message, claimNext, claims }) => {
      await accept(message(), message(), message());
      const [mine, foreign, current] = [
        await claimNext(),
        await claimNext({ worker: otherNode }),
        await claimNext({ worker: laterBoot }),
      ];
      await store.leases.acquire("poll chat", worker, leaseMs);
      await store.leases.acquire("poll other", otherNode, leaseMs);
      expect(await store.work.forfeit(laterBoot)).toBe(1);
      const refs = [mine, foreign, current];
      const held = (await store.work.news(refs)).map((news) => news.held);
      expect(held).toEqual([false, true, true]);
      expect(await store.leases.acquire("poll chat", laterBoot, leaseMs)).toBe(true);
      expect(await store.leases.acquire("poll other", laterBoot, leaseMs)).toBe(false);
      const again = await claims({ worker: laterBoot });
      expect(again).toMatchObject([{ taskId: mine.taskId, cause: "recovered" }]);
      expect(again[0]?.task.crashes).toBe(1);
      expect(await store.work.forfeit(laterBoot)).toBe(0);
    },
  },
  {
    title: "a later attempt is told that an earlier one announced effects",
    run: async ({ store, clock, claimed, claimNext }) => {
      const first = await claimed();
      await store.work.append(first, { events: [said("not yet")] });
      await clock.advance(leaseMs);
      const second = await claimNext();
      expect(second.begun).toBe(false);
      await store.work.append(second, { events: [], begins: true });
      await clock.advance(leaseMs);
      expect((await claimNext()).begun).toBe(true);
    },
  },
  {
    title: "the processes of open tasks are known by the node that claimed last",
    run: async ({ store, accept, message, claims, claimNext, finish }) => {
      await accept(message(), message(), message());
      const [one, two] = await claims({ limit: 2 });
      const three = await claimNext({ worker: otherNode });
      if (one === undefined || two === undefined) throw new Error("Two.");
      const spawn = async (claim: typeof one, pid: number): Promise<void> => {
        const process = { pid, startTime: `${pid}0` };
        await store.work.append(claim, { events: [], process });
      };
      await spawn(one, 11);
      await spawn(two, 22);
      await spawn(three, 33);
      const record = { startTime: "110", pid: 11, taskId: one.taskId, attempt: 1 };
      expect(await store.work.processes("node-1")).toEqual([
        record,
        { startTime: "220", pid: 22, taskId: two.taskId, attempt: 1 },
      ]);
      await finish(two, failed("runner_failed"));
      expect(await store.work.processes("node-1")).toEqual([record]);
      expect(await store.work.processes("node-2")).toHaveLength(1);
      // A crash leaves the record for the sweep; a release does not.
      await store.work.forfeit(laterBoot);
      expect(await store.work.processes("node-1")).toEqual([record]);
      await store.work.release(three);
      expect(await store.work.processes("node-2")).toEqual([]);
    },
  },
  {
    title: "a named lease has one holder, until it runs out, is released or forfeited",
    run: async ({ store: { leases }, clock }) => {
      expect(await leases.acquire("sweep", worker, leaseMs)).toBe(true);
      expect(await leases.acquire("sweep", worker, leaseMs)).toBe(true);
      expect(await leases.acquire("sweep", otherNode, leaseMs)).toBe(false);
      expect(await leases.acquire("sweep", laterBoot, leaseMs)).toBe(false);
      expect(await leases.acquire("other", otherNode, leaseMs)).toBe(true);
      await clock.advance(leaseMs - 1);
      expect(await leases.renew("sweep", worker, leaseMs)).toBe(true);
      await clock.advance(leaseMs - 1);
      expect(await leases.acquire("sweep", otherNode, leaseMs)).toBe(false);
      await clock.advance(1);
      // Nobody has taken it: it was not lost.
      expect(await leases.renew("sweep", worker, leaseMs)).toBe(true);
      await clock.advance(leaseMs);
      expect(await leases.acquire("sweep", otherNode, leaseMs)).toBe(true);
      expect(await leases.renew("sweep", worker, leaseMs)).toBe(false);
      await leases.release("sweep", worker);
      expect(await leases.renew("sweep", otherNode, leaseMs)).toBe(true);
      await leases.release("sweep", otherNode);
      expect(await leases.renew("sweep", otherNode, leaseMs)).toBe(false);
      expect(await leases.acquire("sweep", worker, leaseMs)).toBe(true);
    },
  },
];
