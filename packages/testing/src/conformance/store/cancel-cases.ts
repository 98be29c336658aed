import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, ann, bob, completed, failed, laterBoot, leaseMs, question, said } from "./bench.ts";

const cancelled = { status: "failed", error: { code: "cancelled" }, cancelRequested: true };

/** Cancel, in every state a task can be in. */
export const cancelCases: readonly StoreCase[] = [
  {
    title:
      "S19 a pending task ends at once, with what its caller gave, and its conversation goes on",
    run: async ({ accepted, cancel, now, events, claims, due }) => {
      const { id } = await accepted({ lane: "one", destination: { to: "ann" } });
      const next = await accepted({ lane: "one" });
      const result = await cancel(id, {
        reason: "changed my mind",
        ending: failed("cancelled", "half"),
      });
      expect(result).toEqual({ changed: true, task: await now(id) });
      expect(result?.task).toMatchObject({
        ...cancelled,
        output: { output: "half" },
        reply: "pending",
      });
      expect(
        (await events({ taskId: id })).map(({ type, data }) => ({ type, data })),
      ).toMatchObject([
        { type: "task.created" },
        { type: "task.cancel_requested", data: { by: "ann", reason: "changed my mind" } },
        { type: "task.failed", data: { code: "cancelled" } },
      ]);
      expect(await due()).toMatchObject([{ type: "reply", text: "(ended: cancelled)" }]);
      expect((await claims()).map(({ taskId }) => taskId)).toEqual([next.id]);
    },
  },
  {
    title: "S19 a task that waits in its lane ends without disturbing the order",
    run: async ({ accepted, cancel, claimNext, finish, claims }) => {
      const [first, second, third] = [
        await accepted({ lane: "one" }),
        await accepted({ lane: "one" }),
        await accepted({ lane: "one" }),
      ];
      await cancel(second.id);
      const claim = await claimNext();
      expect(claim.taskId).toBe(first.id);
      expect(await claims()).toEqual([]);
      await finish(claim);
      expect((await claims()).map(({ taskId }) => taskId)).toEqual([third.id]);
    },
  },
  {
    title:
      "S19 a running task is marked, its worker told, and whatever its turn reports it ends as cancelled",
    run: async ({ store, claimed, cancel, finish, types, due }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      const result = await cancel(claim.taskId);
      expect(result).toMatchObject({
        changed: true,
        task: { status: "running", cancelRequested: true },
      });
      expect(await store.work.news([claim])).toMatchObject([{ held: true, cancelRequested: true }]);
      expect(await store.work.renew([claim], leaseMs)).toMatchObject([{ cancelRequested: true }]);
      await store.work.append(claim, { events: [said("still saying")] });
      expect(await finish(claim, completed("the answer"), [said("the end")])).toMatchObject(
        cancelled,
      );
      expect(await types(claim.taskId)).toEqual([
        "task.created",
        "task.started",
        "task.cancel_requested",
        "turn.text",
        "turn.text",
        "task.failed",
      ]);
      expect(await due()).toMatchObject([{ text: "(ended: cancelled)" }]);
    },
  },
  {
    title: "a suspended task ends at once, and its question is closed as void before",
    run: async ({ store, claimed, suspend, cancel, types, claims }) => {
      const claim = await claimed();
      await suspend(claim, "q");
      expect(await cancel(claim.taskId)).toMatchObject({ changed: true, task: cancelled });
      expect((await types(claim.taskId)).slice(-3)).toEqual([
        "task.cancel_requested",
        "turn.answer",
        "task.failed",
      ]);
      expect(await store.queries.questions(claim.taskId, all)).toMatchObject([{ state: "void" }]);
      expect(await claims()).toEqual([]);
    },
  },
  {
    title:
      "a task that was released, or whose lease was forfeited, ends at once: nobody could still write",
    run: async ({ store, claimed, cancel, claims }) => {
      const released = await claimed();
      await store.work.release(released, { notBeforeMs: 1000 });
      expect(await cancel(released.taskId)).toMatchObject({ changed: true, task: cancelled });
      const forfeited = await claimed();
      await store.work.forfeit(laterBoot);
      expect(await cancel(forfeited.taskId)).toMatchObject({ changed: true, task: cancelled });
      expect(await claims()).toEqual([]);
    },
  },
  {
    title:
      "a task whose lease ran out unclaimed is marked: its attempt could still write; the next claim sees it",
    run: async ({ store, clock, claimed, cancel, claimNext, finish, types }) => {
      const stale = await claimed();
      await clock.advance(leaseMs);
      expect(await cancel(stale.taskId)).toMatchObject({
        changed: true,
        task: { status: "running" },
      });
      const next = await claimNext();
      expect(next.task).toMatchObject({ cancelRequested: true, crashes: 1 });
      expect(await store.work.news([stale])).toMatchObject([{ held: false }]);
      expect(await finish(next)).toMatchObject(cancelled);
      expect((await types(stale.taskId)).filter((type) => type === "task.failed")).toHaveLength(1);
    },
  },
  {
    title: "a marked task that is given back waits for nothing: the next claim sees the mark",
    run: async ({ store, claimed, cancel, claims }) => {
      const claim = await claimed();
      await cancel(claim.taskId);
      await store.work.release(claim, { notBeforeMs: 1e9 });
      expect(await claims()).toMatchObject([
        { taskId: claim.taskId, task: { cancelRequested: true } },
      ]);
    },
  },
  {
    title: "of a marked task nothing is asked any more: a suspension gives it back",
    run: async ({ store, claimed, cancel, suspend, claims, due, now, types }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      await cancel(claim.taskId);
      await suspend(claim, "q", { text: "May I?" });
      expect(await due()).toEqual([]);
      expect(await store.queries.questions(claim.taskId, all)).toEqual([]);
      expect((await now(claim.taskId)).status).toBe("running");
      expect(await types(claim.taskId)).not.toContain("turn.question");
      expect(await claims()).toMatchObject([
        { taskId: claim.taskId, cause: "released", answered: null },
      ]);
    },
  },
  {
    title: "S19 an ended task is not changed, and stays as it ended",
    run: async ({ ended, cancel, now, types }) => {
      const task = await ended();
      const before = await types(task.id);
      expect(await cancel(task.id)).toEqual({ changed: false, task });
      expect(await now(task.id)).toEqual(task);
      expect(await types(task.id)).toEqual(before);
    },
  },
  {
    title: "S19 twice, or many at once: one changes it, one mark stands in the log",
    run: async ({ accepted, claimed, cancel, types }) => {
      const running = await claimed();
      const pending = await accepted();
      for (const id of [running.taskId, pending.id]) {
        const results = await Promise.all(Array.from({ length: 5 }, async () => cancel(id)));
        expect(results.filter((result) => result?.changed === true)).toHaveLength(1);
        expect(await cancel(id)).toMatchObject({ changed: false });
        const marks = (await types(id)).filter((type) => type === "task.cancel_requested");
        expect(marks).toHaveLength(1);
      }
    },
  },
  {
    title:
      "S19 a cancel and an end at the same moment: whoever is first wins, and both say the same",
    run: async ({ claimed, cancel, finish, now, types }) => {
      for (const isCancelFirst of [true, false, true, false]) {
        const claim = await claimed();
        const { taskId } = claim;
        const [result, task] = isCancelFirst
          ? await Promise.all([cancel(taskId), finish(claim)])
          : ((await Promise.all([finish(claim), cancel(taskId)])).toReversed() as [
              Awaited<ReturnType<typeof cancel>>,
              Awaited<ReturnType<typeof finish>>,
            ]);
        expect(await now(taskId)).toEqual(task);
        expect(task.status).toBe(result?.changed === true ? "failed" : "completed");
        const seen = await types(taskId);
        expect(seen.filter((type) => /^task\.(completed|failed)$/.test(type))).toHaveLength(1);
        expect(seen.includes("task.cancel_requested")).toBe(result?.changed);
      }
    },
  },
  {
    title: "S23 another owner's task, and one that never was, are not there to be cancelled",
    run: async ({ accepted, cancel, now }) => {
      const task = await accepted();
      expect(await cancel(task.id, { scope: bob })).toBeUndefined();
      expect(await cancel("none", { scope: all })).toBeUndefined();
      expect(await now(task.id)).toEqual(task);
      expect(await cancel(task.id, { scope: ann })).toMatchObject({ changed: true });
    },
  },
  {
    title: "a marked turn may still close what it asked",
    run: async ({ store, claimed, cancel, finish }) => {
      const claim = await claimed();
      await store.work.append(claim, { events: [], ask: question("q") });
      expect(await cancel(claim.taskId)).toMatchObject({ task: { status: "input_required" } });
      expect(await finish(claim)).toMatchObject(cancelled);
      expect(await store.queries.questions(claim.taskId, all)).toMatchObject([{ state: "void" }]);
    },
  },
];
