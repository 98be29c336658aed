import { describe, expect, test } from "vitest";
import type { Handle, Question, QuestionText } from "@agent-bridge/core";
import { allTasks, ended, eventsOf, startBridge, typesOf } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import {
  completed,
  type Script,
  scriptedRunner,
  session,
  untilAborted,
} from "./fixtures/scripted-runner.ts";
import { intercepted, severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const mayI: QuestionText = {
  type: "approval",
  title: "Run this command?",
  details: { command: "rm -r build" },
};

/** Asks inside the turn, and answers with what it was told. */
const asksLive: Script = async function* (turn, io) {
  yield session(turn.session?.id ?? "live");
  await io.begins();
  if (turn.prompt.startsWith("hello")) return yield completed("hello yourself");
  const { action } = await io.ask(mayI);
  yield completed(`told to ${action}`);
};

/** Ends the turn to ask, and goes on in the next one. */
const suspends: Script = async function* (turn, io) {
  yield session("suspending");
  await io.begins();
  if (turn.answered === null) {
    yield { type: "end", outcome: "suspended", question: mayI, state: { step: 7 } };
  } else {
    yield completed(`${turn.answered.answer.action} at ${JSON.stringify(turn.answered.state)}`);
  }
};

async function openQuestion(handle: Handle, taskId: string): Promise<Question> {
  return await eventually(async () => {
    const open = (await handle.questions(taskId)).find(({ state }) => state === "open");
    if (open === undefined) throw new Error("No question is open yet.");
    return open;
  });
}

const lastOf = async (handle: Handle, taskId: string, type: string): Promise<unknown> =>
  (await eventsOf(handle, taskId)).findLast((event) => event.type === type)?.data;

describe.each(storeCases)("questions on $name", ({ place }) => {
  test.each([
    ["live", asksLive, "told to accept"],
    ["suspended", suspends, 'accept at {"step":7}'],
  ] as const)("a %s question is answered, and the task goes on", async (mode, script, output) => {
    const { operator, runner } = await startBridge(await place().open(), {
      runner: scriptedRunner(script),
    });
    const { task } = await operator.start({ payload: { text: "x" } });
    const question = await openQuestion(operator, task.id);
    expect(question).toMatchObject({ ...mayI, mode, taskId: task.id });
    expect((await operator.task(task.id)).status).toBe("input_required");
    const waited = await operator.wait({ taskIds: [task.id], timeoutMs: 1000 });
    expect(waited.timedOut).toBe(false);
    await operator.answer(question.id, { action: "accept" });
    expect((await ended(operator, task.id)).output).toEqual({ output });
    expect(runner.turns).toHaveLength(mode === "live" ? 1 : 2);
    await expect(operator.answer(question.id, { action: "decline" })).rejects.toMatchObject({
      code: "QUESTION_CLOSED",
      data: { state: "answered" },
    });
    const types = await typesOf(operator, task.id);
    expect(types.filter((type) => /question|answer$|input_required/.test(type))).toEqual([
      "turn.question",
      "task.input_required",
      "turn.answer",
      "turn.final_answer",
    ]);
    expect(await lastOf(operator, task.id, "turn.answer")).toMatchObject({ by: "operator" });
  });

  test("S22 a live question is closed as void after a restart, visibly, and a late answer is an error", async () => {
    const there = place();
    const first = severable(await there.open());
    const one = await startBridge(first.store, { runner: scriptedRunner(asksLive) });
    const { task } = await one.operator.start({ payload: { text: "x" }, conversation: "room" });
    const question = await openQuestion(one.operator, task.id);
    first.sever();
    await one.bridge.stop();

    const two = await startBridge(await there.open(), {
      runner: scriptedRunner(async function* () {
        yield completed("went on without");
      }),
    });
    await ended(two.operator, task.id);
    const [now] = await two.operator.questions(task.id);
    expect(now).toMatchObject({ id: question.id, state: "void", answer: null });
    expect(await lastOf(two.operator, task.id, "turn.answer")).toMatchObject({
      questionId: question.id,
      state: "void",
    });
    await expect(two.operator.answer(question.id, { action: "accept" })).rejects.toMatchObject({
      code: "QUESTION_CLOSED",
      data: { state: "void" },
    });
  });

  test("S22 a suspended question is still open after a restart, under the same id, and its answer goes on", async () => {
    const there = place();
    const one = await startBridge(await there.open(), { runner: scriptedRunner(suspends) });
    const { task } = await one.operator.start({ payload: { text: "x" }, conversation: "room" });
    const question = await openQuestion(one.operator, task.id);
    await one.bridge.stop();

    const two = await startBridge(await there.open(), { runner: scriptedRunner(suspends) });
    expect(await openQuestion(two.operator, task.id)).toEqual(question);
    await two.operator.answer(question.id, { action: "accept" });
    const last = await ended(two.operator, task.id);
    expect(last).toMatchObject({ output: { output: 'accept at {"step":7}' }, crashes: 0 });
    expect(two.runner.turns.map(({ answered }) => answered?.state)).toEqual([{ step: 7 }]);
  });

  test.each([
    ["live", asksLive, "told to decline"],
    ["suspended", suspends, 'decline at {"step":7}'],
  ] as const)(
    "S22 a %s question that nobody answers in time is a no",
    async (_, script, output) => {
      const clock = hurriedClock(10);
      const { operator } = await startBridge(await place({ clock }).open(), {
        clock,
        runner: scriptedRunner(script),
        limits: { questionMs: 600 },
      });
      const { task } = await operator.start({ payload: { text: "x" } });
      const last = await ended(operator, task.id, 4000);
      expect(last.output).toEqual({ output });
      const [question] = await operator.questions(task.id);
      expect(question?.state).toBe("expired");
      expect(await lastOf(operator, task.id, "turn.answer")).toMatchObject({ state: "expired" });
      await expect(operator.answer(question?.id ?? "", { action: "accept" })).rejects.toMatchObject(
        {
          code: "QUESTION_CLOSED",
        },
      );
    },
  );

  test.each([
    ["live", asksLive],
    ["suspended", suspends],
  ] as const)(
    "a %s question of a cancelled task is closed as void before its end",
    async (_, script) => {
      const { operator } = await startBridge(await place().open(), {
        runner: scriptedRunner(script),
      });
      const { task } = await operator.start({ payload: { text: "x" } });
      const question = await openQuestion(operator, task.id);
      await operator.cancel(task.id);
      expect((await ended(operator, task.id)).error?.code).toBe("cancelled");
      expect((await operator.questions(task.id))[0]?.state).toBe("void");
      const events = await eventsOf(operator, task.id);
      expect(events.at(-1)?.type).toBe("task.failed");
      expect(await lastOf(operator, task.id, "turn.answer")).toMatchObject({
        questionId: question.id,
        state: "void",
      });
      await expect(operator.answer(question.id, { action: "accept" })).rejects.toMatchObject({
        code: "QUESTION_CLOSED",
        data: { state: "void" },
      });
    },
  );

  test("a deadline that the store sees first is recorded as expired, once", async () => {
    const clock = hurriedClock(10);
    const store = intercepted(await place({ clock }).open(), ({ name, args, go }) => {
      const write = args[1] as { ask?: { deadlineMs: number } } | undefined;
      if (name === "work.append" && write?.ask !== undefined) write.ask.deadlineMs = 1;
      return go();
    });
    const { operator } = await startBridge(store, { clock, runner: scriptedRunner(asksLive) });
    const { task } = await operator.start({ payload: { text: "x" } });
    expect((await ended(operator, task.id)).output).toEqual({ output: "told to decline" });
    const answers = (await eventsOf(operator, task.id)).filter(
      ({ type }) => type === "turn.answer",
    );
    expect(answers.map(({ data }) => data)).toMatchObject([{ state: "expired" }]);
  });

  test("a live question that is still open when its turn ends is closed as void", async () => {
    const runner = scriptedRunner(async function* (_, io) {
      void io.ask(mayI).catch(() => undefined);
      await eventually(async () => expect(await operator.questions(_.taskId)).toHaveLength(1));
      yield completed("did not wait");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    expect((await ended(operator, task.id)).output).toEqual({ output: "did not wait" });
    expect((await operator.questions(task.id))[0]?.state).toBe("void");
    expect(await lastOf(operator, task.id, "turn.answer")).toMatchObject({ state: "void" });
  });

  test("a task that waits for an answer uses no slot, and keeps its claim", async () => {
    const { operator } = await startBridge(await place().open(), {
      runner: scriptedRunner(asksLive),
      limits: { concurrency: 1, leaseMs: 100 },
    });
    const asking = await operator.start({ payload: { text: "ask" } });
    const question = await openQuestion(operator, asking.task.id);
    for (let turn = 0; turn < 5; turn++) {
      const other = await operator.start({ payload: { text: "hello" } });
      expect((await ended(operator, other.task.id)).status).toBe("completed");
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect((await operator.task(asking.task.id)).attempt).toBe(1);
    await operator.answer(question.id, { action: "decline" });
    expect((await ended(operator, asking.task.id)).output).toEqual({ output: "told to decline" });
  });

  test("the time without a sign of life does not run while a question is open", async () => {
    const { operator } = await startBridge(await place().open(), {
      runner: scriptedRunner(asksLive),
      limits: { turn: { startMs: 40, idleMs: 40 } },
    });
    const { task } = await operator.start({ payload: { text: "ask" } });
    const question = await openQuestion(operator, task.id);
    const askedAt = performance.now();
    await eventually(() => expect(performance.now() - askedAt).toBeGreaterThan(150));
    expect((await operator.task(task.id)).status).toBe("input_required");
    await operator.answer(question.id, { action: "accept" });
    expect((await ended(operator, task.id)).status).toBe("completed");
  });

  test("questions that a runner asks at once are asked one after another", async () => {
    const runner = scriptedRunner(async function* (_, io) {
      const titles = ["one", "two", "three"];
      const given = await Promise.all(titles.map((title) => io.ask({ ...mayI, title })));
      yield completed(given.map(({ content }) => JSON.stringify(content)).join());
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    for (const content of ["one", "two", "three"]) {
      const question = await openQuestion(operator, task.id);
      expect(question.title).toBe(content);
      await operator.answer(question.id, { action: "accept", content });
    }
    expect((await ended(operator, task.id)).output).toEqual({ output: '"one","two","three"' });
  });
});

describe.each(storeCases)("questions to people in a channel, on $name", ({ place }) => {
  test.each([
    ["live", asksLive, "told to accept"],
    ["suspended", suspends, 'accept at {"step":7}'],
  ] as const)(
    "a %s question goes to the sender, whose next message is the answer; others queue and are told once",
    async (_, script, output) => {
      const channel = scriptedChannel();
      const runner = scriptedRunner(async function* (turn, io, call) {
        if (turn.prompt === "clean up") yield* script(turn, io, call);
        else yield completed(turn.prompt);
      });
      const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
      const say = (from: string, text: string): string =>
        channel.deliver({ payload: { from, room: "lab", text } });
      say("ann", "clean up");
      await eventually(() => expect(channel.shown).toHaveLength(1));
      expect(channel.shown[0]).toMatchObject({ destination: { room: "lab" } });
      expect(channel.shown[0]?.text).toContain("Run this command?");
      expect(channel.shown[0]?.text).toContain("rm -r build");

      say("bob", "hello 1");
      say("bob", "yes");
      await eventually(() => expect(channel.shown).toHaveLength(2));
      expect(channel.shown[1]?.text).toContain("waiting for an answer");
      expect(runner.turns).toHaveLength(1);

      say("ann", "hello, what was the question?");
      say("ann", "yes");
      await eventually(() => expect(channel.shown.map(({ text }) => text)).toContain(output));
      await eventually(() => expect(channel.acks.at(-1)).toEqual({ id: "m5" }));
      expect(channel.shown.filter(({ text }) => text.includes("waiting for"))).toHaveLength(1);
      // The answer made no task; bob's "yes" and ann's other words did.
      const tasks = await allTasks(operator);
      expect(tasks.map(({ input }) => input.prompt)).toEqual([
        "clean up",
        "hello 1",
        "yes",
        "hello, what was the question?",
      ]);
    },
  );

  test.each([
    ["live", asksLive, "told to decline"],
    ["suspended", suspends, 'decline at {"step":7}'],
  ] as const)(
    "where nobody can be asked a %s question is a no at once",
    async (_, script, output) => {
      const channel = scriptedChannel();
      const { operator } = await startBridge(await place().open(), {
        channels: [channel],
        runner: scriptedRunner(script),
      });
      channel.deliver({ kind: "bot", payload: { from: "robo", text: "clean up" } });
      await eventually(() => expect(channel.shown).toHaveLength(1));
      expect(channel.shown[0]?.text).toBe(output);
      const [task] = await allTasks(operator);
      const types = await typesOf(operator, task?.id ?? "");
      expect(types).toContain("turn.notice");
      expect(types).not.toContain("turn.question");
    },
  );

  test("a runner that asks for ever where nobody can be asked is ended", async () => {
    const runner = scriptedRunner(async function* () {
      yield { type: "end", outcome: "suspended", question: mayI, state: null };
    });
    const channel = scriptedChannel();
    await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ kind: "bot", payload: { from: "robo", text: "clean up" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(channel.shown[0]?.text).toContain("asked 20 times");
    expect(runner.turns).toHaveLength(21);
  });

  test("an open question at a planned stop is void, and its turn is given back", async () => {
    const there = place();
    const runner = scriptedRunner(async function* (_, io) {
      yield session("s");
      await io.begins();
      await io.ask(mayI);
      await untilAborted(io.signal);
    });
    const one = await startBridge(await there.open(), { runner });
    const { task } = await one.operator.start({ payload: { text: "x" }, conversation: "room" });
    const question = await openQuestion(one.operator, task.id);
    await one.bridge.stop();
    const two = await startBridge(await there.open());
    expect(await ended(two.operator, task.id)).toMatchObject({ status: "completed", crashes: 0 });
    expect((await two.operator.questions(task.id))[0]).toMatchObject({
      id: question.id,
      state: "void",
    });
  });
});
