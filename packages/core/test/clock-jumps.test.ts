import { describe, expect, test } from "vitest";
import type { RunnerEvent, Task } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { allTasks, startBridge, type TestBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  answers,
  completed,
  delta,
  type Script,
  scriptedRunner,
  session,
  untilAborted,
  works,
} from "./fixtures/scripted-runner.ts";
import { severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const day = 24 * 3_600_000;
const jumps = [
  ["forward", day],
  ["back", -day],
] as const;

const aborted: RunnerEvent = { type: "end", outcome: "aborted" };

/** The tasks of a bridge, oldest first, while its clock stands still. */
const newest = async ({ operator }: TestBridge): Promise<Task | undefined> =>
  (await allTasks(operator)).at(-1);

const status = async (bridge: TestBridge): Promise<string | undefined> =>
  (await newest(bridge))?.status;

describe.each(storeCases)("on $name", ({ place }) => {
  describe.each(jumps)("S36 a wall clock that jumps a day %s", (_, jump) => {
    test("ends no lease that is renewed, and keeps none that is not", async () => {
      const clock = manualClock();
      const there = await place({ clock }).open();
      const cut = severable(there);
      const limits = { leaseMs: 3_000 };
      const parts = { clock, limits };
      const one = await startBridge(cut.store, {
        ...parts,
        node: "one",
        runner: scriptedRunner(works()),
      });
      const { task } = await one.operator.start({ payload: { text: "x" } });
      await eventually(() => expect(one.runner.active).toBe(1));
      const two = await startBridge(there, { ...parts, node: "two" });
      clock.jump(jump);
      for (const _second of Array.from({ length: 10 })) {
        await clock.advance(1_000);
        await eventually(async () => expect(await status(two)).toBe("running"));
      }
      expect((await newest(two))?.attempt).toBe(1);
      cut.sever();
      clock.jump(-2 * jump);
      await eventually(async () => {
        await clock.advance(500);
        expect((await two.operator.task(task.id)).attempt).toBe(2);
      });
      expect((await two.operator.task(task.id)).crashes).toBe(1);
    });

    test.each([
      ["startMs", async function* () {}],
      [
        "idleMs",
        async function* () {
          yield session("s");
        },
      ],
      [
        "totalMs",
        async function* () {
          yield session("s");
        },
      ],
    ] as readonly [string, () => AsyncIterable<RunnerEvent>][])(
      "brings the time-out %s neither early nor never",
      async (limit, beginning) => {
        const clock = manualClock();
        const script: Script = async function* (_turn, io) {
          yield* beginning();
          await untilAborted(io.signal).catch(() => undefined);
          yield aborted;
        };
        const bridge = await startBridge(await place({ clock }).open(), {
          clock,
          runner: scriptedRunner(script),
          limits: {
            turn: { startMs: 600_000, idleMs: 600_000, totalMs: 600_000, [limit]: 4_000 },
          },
        });
        await bridge.operator.start({ payload: { text: "x" } });
        await eventually(() => expect(bridge.runner.active).toBe(1));
        clock.jump(jump);
        await clock.advance(3_900);
        clock.jump(-2 * jump);
        expect(await status(bridge)).toBe("running");
        await clock.advance(200);
        await eventually(async () =>
          expect(await newest(bridge)).toMatchObject({
            status: "failed",
            error: { code: "timeout" },
          }),
        );
      },
    );

    test.each(["live", "suspended"] as const)(
      "brings the deadline of a %s question neither early nor never",
      async (mode) => {
        const clock = manualClock();
        const question = { type: "approval", title: "Go on?", details: {} } as const;
        const script: Script = async function* (turn, io) {
          yield session("s");
          if (mode === "live") return yield completed((await io.ask(question)).action);
          if (turn.answered !== null) return yield completed(turn.answered.answer.action);
          yield { type: "end", outcome: "suspended", question, state: null };
        };
        const channel = scriptedChannel();
        const bridge = await startBridge(await place({ clock }).open(), {
          clock,
          channels: [channel],
          runner: scriptedRunner(script, { capabilities: { resume: true, questions: mode } }),
          limits: { questionMs: 5_000 },
        });
        channel.deliver({ payload: { from: "ann", text: "do it" } });
        await eventually(async () => expect(await status(bridge)).toBe("input_required"));
        clock.jump(jump);
        await clock.advance(4_900);
        clock.jump(-2 * jump);
        expect(await status(bridge)).toBe("input_required");
        await eventually(async () => {
          await clock.advance(200);
          expect(await newest(bridge)).toMatchObject({ output: { output: "decline" } });
        });
        // The question itself, and what the answer said.
        await eventually(() => expect(channel.shown).toHaveLength(2));
      },
    );

    test("gives up no reply early, and none never", async () => {
      const clock = manualClock();
      const channel = scriptedChannel();
      channel.faults.beforeSend = () => {
        throw failure({ effect: "none" });
      };
      const { operator } = await startBridge(await place({ clock }).open(), {
        clock,
        channels: [channel],
        limits: { replyMs: 10_000 },
      });
      const reply = async (): Promise<string | undefined> => (await allTasks(operator))[0]?.reply;
      channel.deliver({ payload: { from: "ann", text: "hello" } });
      await eventually(async () => expect(await reply()).toBe("pending"));
      await clock.advance(1_500);
      clock.jump(jump);
      // It is tried after 1, 3 and 7 s; the next pause would go beyond its time.
      await clock.advance(4_500);
      expect(["pending", "sending"]).toContain(await reply());
      clock.jump(-2 * jump);
      await eventually(async () => {
        await clock.advance(500);
        expect(await reply()).toBe("dead");
      });
      expect((await operator.deadLetters()).items).toMatchObject([{ reason: "reply_expired" }]);
    });

    test("neither sets a count of hops back nor keeps it for ever", async () => {
      const clock = manualClock();
      const channel = scriptedChannel();
      const { operator } = await startBridge(await place({ clock }).open(), {
        clock,
        channels: [channel],
        limits: { hops: 1, hopQuietMs: 5_000 },
      });
      const say = async (text: string): Promise<number> => {
        const before = channel.polls;
        channel.deliver({ kind: "bot", payload: { from: "peer", text } });
        await eventually(async () => {
          await clock.advance(10);
          expect(channel.polls).toBeGreaterThan(before);
        });
        return (await allTasks(operator)).length;
      };
      expect(await say("1")).toBe(1);
      clock.jump(jump);
      expect(await say("2")).toBe(1);
      clock.jump(-2 * jump);
      expect(await say("3")).toBe(1);
      await clock.advance(5_000);
      expect(await say("4")).toBe(2);
    });

    test("neither shortens nor prolongs the pause after a failed poll", async () => {
      const clock = manualClock();
      const channel = scriptedChannel();
      channel.faults.receive = () => Promise.reject(failure({ effect: "none" }));
      await startBridge(await place({ clock }).open(), { clock, channels: [channel] });
      await eventually(() => expect(channel.polls).toBe(1));
      clock.jump(jump);
      await clock.advance(900);
      expect(channel.polls).toBe(1);
      await clock.advance(200);
      expect(channel.polls).toBe(2);
      clock.jump(-2 * jump);
      await clock.advance(1_700);
      expect(channel.polls).toBe(2);
      await clock.advance(300);
      expect(channel.polls).toBe(3);
    });
  });
});

const [, sqlite] = storeCases;

describe.each(jumps)("S36 a restart after the wall clock was set a day %s", (direction, jump) => {
  const start = Date.UTC(2030, 0, 1);
  const windowHours = 0.01;

  test("takes unfinished work up at once, and goes on to count budgets and postponed replies", async () => {
    if (sqlite === undefined) throw new Error("There is no store that outlives its process.");
    let clock = manualClock(start);
    const folder = sqlite.place({
      clock: {
        now: () => clock.now(),
        steady: () => clock.steady(),
        sleep: async (ms, signal) => await clock.sleep(ms, signal),
        timer: (ms, callback) => clock.timer(ms, callback),
      },
    });
    const channel = scriptedChannel();
    channel.faults.beforeSend = () => {
      throw failure({ effect: "none" });
    };
    const routes = [
      {
        kind: "note",
        from: "*" as const,
        runner: "scripted",
        budget: { per: "route" as const, windowHours, turns: 2 },
      },
    ];
    const parts = { channels: [channel], routes };
    const cut = severable(await folder.open());
    const one = await startBridge(cut.store, {
      ...parts,
      clock,
      runner: scriptedRunner(async function* (turn, io) {
        yield session(`of ${turn.taskId}`);
        await io.begins();
        yield delta("half of it");
        if (turn.prompt === "long") await untilAborted(io.signal).catch(() => undefined);
        yield completed(`re: ${turn.prompt}`);
      }),
    });
    channel.deliver({ payload: { from: "ann", text: "short" } });
    channel.deliver({ payload: { from: "bob", text: "long" } });
    await eventually(async () => {
      await clock.advance(100);
      const [short, long] = await allTasks(one.operator);
      expect([short?.status, long?.status]).toEqual(["completed", "running"]);
    });
    cut.sever();
    // Nothing that it still does reaches the store; it ends so that the test can.
    let isOver = false;
    void one.bridge.stop().then(() => (isOver = true));
    await eventually(async () => {
      await clock.advance(100);
      expect(isOver).toBe(true);
    });

    clock = manualClock(clock.now() + jump);
    delete channel.faults.beforeSend;
    const { operator } = await startBridge(await folder.open(), {
      ...parts,
      clock,
      runner: scriptedRunner(answers(({ prompt }) => `re: ${prompt.slice(0, 5)}`)),
    });
    await eventually(
      async () => {
        await clock.advance(100);
        const [short, long] = await allTasks(operator);
        expect([short?.reply, long?.status]).toEqual(["delivered", "completed"]);
      },
      { timeout: 10_000 },
    );
    const say = async (text: string): Promise<unknown> => {
      channel.deliver({ payload: { from: "cy", room: text, text } });
      return await eventually(async () => {
        await clock.advance(100);
        const task = (await allTasks(operator)).at(-1);
        expect(task).toMatchObject({ input: { prompt: text }, endedAt: expect.any(Number) });
        return task?.error?.code ?? task?.status;
      });
    };
    // A day that has gone by, as far as anybody can tell, frees it; a day back does not hold it any longer.
    expect(await say("next")).toBe(direction === "forward" ? "completed" : "budget");
    await clock.advance(40_000);
    expect(await say("later")).toBe("completed");
  });
});
