import { describe, expect, test } from "vitest";
import { createBridge } from "@agent-bridge/core";
import { allTasks, makeBridge, startBridge } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { scriptedRunner, works } from "./fixtures/scripted-runner.ts";
import { intercepted, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const never = async (): Promise<never> => await new Promise(() => undefined);

describe.each(storeCases)("stop on $name", ({ place }) => {
  test("with a poll, a send, turns and a question in flight it ends within the grace time", async () => {
    const channel = scriptedChannel();
    channel.faults.beforeSend = async ({ text }, signal) => {
      if (text !== "re: send") return;
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    };
    const clock = hurriedClock();
    const runner = scriptedRunner(async function* (turn, io, call) {
      if (turn.prompt === "ask") await io.ask({ type: "approval", title: "May I?", details: {} });
      if (turn.prompt === "work") yield* works()(turn, io, call);
      yield { type: "end", outcome: "completed", output: `re: ${turn.prompt}` };
    });
    const store = await place({ clock }).open();
    const { bridge, operator } = await startBridge(store, { channels: [channel], runner, clock });
    for (const text of ["send", "work", "ask"]) channel.deliver({ payload: { from: text, text } });
    await eventually(async () => {
      const statuses = (await allTasks(operator)).map(({ status, reply }) => [status, reply]);
      expect(statuses).toEqual([
        ["completed", "sending"],
        ["running", "none"],
        ["input_required", "none"],
      ]);
    });
    await bridge.stop();
    await bridge.stop();
    expect(runner.active).toBe(0);
    const tasks = await allTasks(operator);
    expect(tasks.map(({ status, reply }) => [status, reply])).toEqual([
      ["completed", "pending"],
      ["running", "none"],
      ["running", "none"],
    ]);
    const polls = channel.polls;
    channel.deliver({ payload: { from: "late", text: "late" } });
    await new Promise((resolve) => void setTimeout(resolve, 10));
    expect(channel.polls).toBe(polls);
  });

  test("channels, runners, checks and sweeps that ignore their signals can not hold it up", async () => {
    const clock = hurriedClock(100);
    const channel = scriptedChannel();
    channel.faults.beforeSend = never;
    channel.faults.ack = never;
    const stubborn = { ...channel, dispose: never };
    stubborn.receive = async (request) =>
      request.after === null ? ((await channel.receive?.(request)) as never) : await never();
    const runner = scriptedRunner(
      async function* () {
        yield { type: "text", text: "busy", delta: true };
        await never();
      },
      {
        check: never,
        dispose: async () => {
          throw new Error("It does not want to.");
        },
      },
    );
    const { bridge, operator, logger } = await startBridge(await place({ clock }).open(), {
      channels: [stubborn],
      runner,
      clock,
      sweeper: {
        sweep: async ({ only }) =>
          only === undefined ? { ended: 0, survivors: [] } : await never(),
      },
    });
    channel.deliver({ payload: { from: "ann", text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    await bridge.stop();
    expect(await allTasks(operator)).toMatchObject([{ status: "running" }]);
    const errors = logger.lines.filter(({ message }) => message.includes("could not be disposed"));
    expect(errors).toHaveLength(2);
  });

  test("a store that stopped answering can not hold it up", async () => {
    const clock = hurriedClock(100);
    let isHung = false;
    const store = intercepted(await place({ clock }).open(), ({ name, go }) =>
      isHung && name !== "log.watch" ? never() : go(),
    );
    const runner = scriptedRunner(works());
    const { bridge, operator } = await startBridge(store, { runner, clock });
    await operator.start({ payload: { text: "x" } });
    await eventually(() => expect(runner.active).toBe(1));
    isHung = true;
    await bridge.stop();
    expect(runner.active).toBe(0);
  });

  test("a bridge that was never started, or could not start, is stopped all the same", async () => {
    const idle = makeBridge(await place().open());
    await idle.bridge.stop();
    await expect(idle.bridge.start()).rejects.toThrow("The bridge stops.");
    const broken = makeBridge(await place().open(), {
      sweeper: {
        sweep: async () => await Promise.reject(new Error("no process table")),
      },
    });
    await expect(broken.bridge.start()).rejects.toThrow("no process table");
    await broken.bridge.stop();
    expect(broken.runner.isDisposed).toBe(true);
  });

  test("a bridge is an async disposable", async () => {
    const runner = scriptedRunner();
    const store = await place().open();
    {
      await using bridge = createBridge({ store, routes: [], runners: [runner] });
      await bridge.start();
    }
    expect(runner.isDisposed).toBe(true);
  });
});
