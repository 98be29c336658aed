import { setImmediate as turn } from "node:timers/promises";
import { isFinal } from "@agent-bridge/core";
import { expect } from "vitest";
import type { StoreCase } from "./about.ts";
import { all, completed, failed, leaseMs, said } from "./bench.ts";

/** What an attempt writes, and how it ends its task. */
export const turnCases: readonly StoreCase[] = [
  {
    title: "an append gives back what it stored, in order, as a reader sees it",
    run: async ({ store, clock, claimed, events }) => {
      const { taskId, attempt, task } = await claimed();
      await clock.advance(7);
      const stored = await store.work.append(
        { taskId, attempt },
        {
          events: [
            said("one", true),
            said("two \u0000 😀"),
            { type: "turn.plan", data: { steps: [] } },
          ],
        },
      );
      expect(
        stored.map(({ type, seq, data, at, conversationId }) => ({
          type,
          seq,
          data,
          at,
          conversationId,
        })),
      ).toEqual([
        {
          type: "turn.text",
          seq: 3,
          data: { text: "one", delta: true },
          at: clock.now(),
          conversationId: task.conversationId,
        },
        {
          type: "turn.text",
          seq: 4,
          data: { text: "two \u0000 😀", delta: false },
          at: clock.now(),
          conversationId: task.conversationId,
        },
        {
          type: "turn.plan",
          seq: 5,
          data: { steps: [] },
          at: clock.now(),
          conversationId: task.conversationId,
        },
      ]);
      expect((await events({ taskId })).slice(2)).toEqual(stored);
    },
  },
  {
    title: "usage and progress are replaced, and progress is 1 at the end of a completed task only",
    run: async ({ store, claimed, finish, now }) => {
      const usage = { inputTokens: 1, cachedInputTokens: 2, outputTokens: 3, reasoningTokens: 4 };
      const one = await claimed();
      await store.work.append(one, { events: [], usage, progress: 0.25 });
      await store.work.append(one, { events: [], usage: { ...usage, outputTokens: 9 } });
      expect(await now(one.taskId)).toMatchObject({
        usage: { ...usage, outputTokens: 9 },
        progress: 0.25,
      });
      expect(await finish(one)).toMatchObject({ progress: 1, usage: { outputTokens: 9 } });
      const two = await claimed();
      await store.work.append(two, { events: [], progress: 0.5 });
      expect((await finish(two, failed("timeout"))).progress).toBe(0.5);
    },
  },
  {
    title:
      "an event over 64 KiB is cut with a mark of its size; what fits is whole, and so is a mark that was given",
    run: async ({ store, claimed, events }) => {
      const claim = await claimed();
      const large = said("é".repeat(100_000));
      const whole = said("x".repeat(60_000));
      const marked = { ...said("short"), cut: { bytes: 5_000_000 } };
      const deep = {
        type: "turn.tool_result",
        data: { callId: "1", status: "ok", output: Array.from({ length: 40_000 }, (_, n) => n) },
      } as const;
      const written = await store.work.append(claim, { events: [large, whole, marked, deep] });
      for (const { data } of written) {
        expect(new TextEncoder().encode(JSON.stringify(data)).length).toBeLessThanOrEqual(
          64 * 1024,
        );
      }
      expect(written.map(({ cut }) => cut?.bytes ?? null)).toEqual([
        new TextEncoder().encode(JSON.stringify(large.data)).length,
        null,
        5_000_000,
        JSON.stringify(deep.data).length,
      ]);
      expect(written[0]?.type === "turn.text" && written[0].data.text.startsWith("éé")).toBe(true);
      expect(written[1]).toMatchObject({ data: whole.data });
      expect(written[3]).toMatchObject({ data: { callId: "1", status: "ok" } });
      expect(await events({ types: ["turn.text", "turn.tool_result"] })).toEqual(written);
    },
  },
  {
    title: "finish stores the last events, the terminal event, status, output and reply together",
    run: async ({ clock, claimed, finish, now, events, due }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      await clock.advance(9);
      const done = await finish(claim, { ...completed("the answer"), reply: "the reply" }, [
        { type: "turn.final_answer", data: { output: "the answer" } },
      ]);
      expect(done).toMatchObject({
        status: "completed",
        output: { output: "the answer" },
        error: null,
        reply: "pending",
        endedAt: clock.now(),
        attempt: 1,
      });
      expect(await now(claim.taskId)).toEqual(done);
      const last = (await events({ taskId: claim.taskId })).slice(-2);
      expect(last.map(({ type, data }) => ({ type, data }))).toEqual([
        { type: "turn.final_answer", data: { output: "the answer" } },
        { type: "task.completed", data: { output: "the answer" } },
      ]);
      expect(await due()).toMatchObject([
        { taskId: claim.taskId, type: "reply", text: "the reply", destination: { to: "ann" } },
      ]);
    },
  },
  {
    title: "a failure records its code, text and exit code, and keeps what there was of an answer",
    run: async ({ claimed, finish, events }) => {
      const claim = await claimed();
      const error = { code: "runner_failed", message: "It broke.", exitCode: 7 } as const;
      const done = await finish(claim, {
        status: "failed",
        output: "half",
        error,
        reply: "(broke)",
      });
      expect(done).toMatchObject({
        status: "failed",
        output: { output: "half" },
        error,
        reply: "none",
      });
      expect((await events({ taskId: claim.taskId })).at(-1)).toMatchObject({
        type: "task.failed",
        data: { error: "It broke.", code: "runner_failed", exitCode: 7 },
      });
    },
  },
  {
    title: "no reader ever sees an ended task without its reply, or a reply before the end",
    run: async ({ store, claimed, finish, due }) => {
      for (let round = 0; round < 10; round++) {
        const { taskId, attempt } = await claimed({ destination: { to: `${round}` } });
        let isOver = false;
        const ending = finish({ taskId, attempt }).then(() => (isOver = true));
        for (let isLast = false; !isLast;) {
          isLast = isOver;
          const repliesBefore = await due();
          const task = await store.queries.task(taskId, all);
          const repliesAfter = await due();
          const isEnded = task !== undefined && isFinal(task.status);
          if (isEnded) expect(repliesAfter.map((item) => item.taskId)).toContain(taskId);
          else expect(repliesBefore.map((item) => item.taskId)).not.toContain(taskId);
          const { events } = await store.log.read({ scope: all, taskId, after: null, limit: 100 });
          if (isEnded) expect(events.at(-1)?.type).toBe("task.completed");
          await turn();
        }
        await ending;
      }
    },
  },
  {
    title: "the terminal event is the only one, and the last but for reply.*",
    run: async ({ claimed, finish, cancel, types, deliverAll, store, clock }) => {
      const claim = await claimed({ destination: { to: "ann" } });
      await finish(claim);
      await cancel(claim.taskId);
      await store.intake.mergeMetadata({ taskId: claim.taskId, scope: all, metadata: { a: 1 } });
      await clock.advance(leaseMs);
      await deliverAll();
      const seen = await types(claim.taskId);
      expect(seen).toEqual(["task.created", "task.started", "task.completed", "reply.delivered"]);
    },
  },
];
