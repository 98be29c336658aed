import { describe, expect, test } from "vitest";
import { createBridge } from "@agent-bridge/core";
import type {
  Channel,
  Handle,
  Json,
  JsonObject,
  Principal,
  StartRequest,
} from "@agent-bridge/core";
import {
  allTasks,
  ended,
  eventsOf,
  everyone,
  makeBridge,
  recordingLogger,
  startBridge,
} from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { completed, scriptedRunner, works } from "./fixtures/scripted-runner.ts";
import { severable, storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const mine: Principal = { type: "client", id: "mine" };
const foreign: readonly Principal[] = [
  { type: "client", id: "another" },
  { type: "client", id: "mine/" },
  { type: "client", id: "" },
  { type: "peer", channel: "platform", workspace: "home", id: "mine" },
  { type: "peer", channel: "platform", workspace: "home", id: null },
  { type: "run", taskId: "mine" },
];

/** What names the things of one owner, or things that never were. */
interface Names {
  readonly taskId: string;
  readonly conversationId: string;
  readonly questionId: string;
  readonly deadLetterId: string;
}

const invented: Names = {
  taskId: "task_x",
  conversationId: "conv_x",
  questionId: "question_x",
  deadLetterId: "dead_x",
};

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events) continue;
}

/** Every method of a handle that takes a name. One without a row fails below. */
const byName: Partial<Record<keyof Handle, (handle: Handle, names: Names) => Promise<unknown>>> = {
  start: (handle, { conversationId }) => handle.start({ payload: { text: "x" }, conversationId }),
  task: (handle, { taskId }) => handle.task(taskId),
  events: (handle, { taskId }) => handle.events({ taskId }),
  attach: (handle, { taskId }) => drain(handle.attach({ taskId })),
  wait: (handle, { taskId }) => handle.wait({ taskIds: [taskId], timeoutMs: 5000 }),
  cancel: (handle, { taskId }) => handle.cancel(taskId),
  questions: (handle, { taskId }) => handle.questions(taskId),
  answer: (handle, { questionId }) => handle.answer(questionId, { action: "accept" }),
  resume: (handle, { taskId, conversationId }) =>
    handle.resume({ taskId, conversationId, message: "go on" }),
  conversation: (handle, { conversationId }) => handle.conversation(conversationId),
  retryDeadLetter: (handle, { deadLetterId }) => handle.retryDeadLetter(deadLetterId),
  dropDeadLetters: (handle, { deadLetterId }) => handle.dropDeadLetters([deadLetterId]),
  deadLetter: (handle, { deadLetterId }) => handle.deadLetter(deadLetterId),
};

/** Those that list, and show a stranger nothing. */
const lists: Partial<Record<keyof Handle, (handle: Handle) => Promise<unknown>>> = {
  tasks: async (handle) => (await handle.tasks({})).items,
  conversations: async (handle) => (await handle.conversations()).items,
  deadLetters: async (handle) => (await handle.deadLetters()).items,
  events: async (handle) => (await handle.events({})).events,
  follow: async (handle) => {
    const signal = AbortSignal.timeout(50);
    const seen: unknown[] = [];
    for await (const event of handle.follow({ signal })) seen.push(event);
    return seen;
  },
};

const refusal = async (call: Promise<unknown>): Promise<{ code: string; text: string }> =>
  await call.then(
    (value) => {
      throw new Error(`It was not refused: ${JSON.stringify(value)}`);
    },
    (error: { code: string; message: string }) => ({ code: error.code, text: error.message }),
  );

describe.each(storeCases)("S23 what is not yours, on $name", ({ place }) => {
  async function withWork(): Promise<{ as: (principal: Principal) => Handle; names: Names }> {
    const runner = scriptedRunner(async function* (_, io) {
      await io.ask({ type: "approval", title: "May I?", details: {} });
      yield completed("done");
    });
    const channel = scriptedChannel();
    channel.deliver({ kind: "report", payload: { about: "x", text: "no route takes it" } });
    const channels = [channel];
    const { bridge, operator } = await startBridge(await place().open(), { runner, channels });
    const own = bridge.as(mine);
    const { task } = await own.start({ payload: { text: "secret" }, conversation: "room" });
    const [question] = await eventually(async () => {
      const found = await own.questions(task.id);
      expect(found).toHaveLength(1);
      return found;
    });
    const conversationId = task.conversationId ?? "";
    const [letter] = await eventually(async () => {
      const { items } = await operator.deadLetters();
      expect(items).toHaveLength(1);
      return items;
    });
    const deadLetterId = letter?.id ?? "";
    return {
      as: (principal) => bridge.as(principal),
      names: { taskId: task.id, conversationId, questionId: question?.id ?? "", deadLetterId },
    };
  }

  test.each(foreign.map((principal) => [JSON.stringify(principal), principal] as const))(
    "is not found by %s, in the words for what never was",
    async (_, principal) => {
      const { as, names } = await withWork();
      const handle = as(principal);
      // A peer reaches the bridge through its channel only.
      const methods = Object.entries(byName).filter(
        ([method]) => method !== "start" || principal.type !== "peer",
      );
      const real: Record<string, unknown> = {};
      const never: Record<string, unknown> = {};
      for (const [method, call] of methods) {
        const { code, text } = await refusal(call(handle, names));
        let anonymous = text;
        for (const key of Object.keys(invented) as (keyof Names)[])
          anonymous = anonymous.replaceAll(names[key], invented[key]);
        real[method] = { code, text: anonymous };
        never[method] = await refusal(call(handle, invented));
        expect([method, code]).toEqual([method, expect.stringMatching(/_NOT_FOUND$/)]);
      }
      expect(real).toEqual(never);
      const shown: Record<string, unknown> = {};
      for (const [method, list] of Object.entries(lists)) shown[method] = await list(handle);
      expect(shown).toEqual(Object.fromEntries(Object.keys(lists).map((method) => [method, []])));
      await expect(handle.status()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
      // Nothing of it has changed the task.
      const task = await as(mine).task(names.taskId);
      expect((await as({ type: "operator" }).deadLetters()).items).toHaveLength(1);
      expect(task).toMatchObject({ status: "input_required", cancelRequested: false });
    },
  );

  test("is there for its owner and for the operator, by every method", async () => {
    for (const principal of [mine, { type: "operator" } as const]) {
      const { as, names } = await withWork();
      const handle = as(principal);
      expect((await handle.task(names.taskId)).owner).toBe("client:mine");
      expect((await handle.events({ taskId: names.taskId })).events.length).toBeGreaterThan(0);
      expect((await handle.wait({ taskIds: [names.taskId], timeoutMs: 10 })).timedOut).toBe(false);
      expect(await handle.questions(names.taskId)).toHaveLength(1);
      expect((await handle.conversation(names.conversationId)).history).toHaveLength(1);
      expect((await handle.tasks({})).items).toHaveLength(1);
      expect((await handle.conversations()).items).toHaveLength(1);
      await handle.answer(names.questionId, { action: "accept" });
      expect((await ended(handle, names.taskId)).status).toBe("completed");
      const next = await handle.resume({ ...names, message: "more" });
      expect(next.task).toMatchObject({ owner: "client:mine", continues: names.taskId });
      expect((await handle.cancel(next.task.id)).task.id).toBe(next.task.id);
    }
  });

  test("a method of the handle without a row in these tables fails", async () => {
    const { operator } = makeBridge(await place().open());
    const covered = new Set([...Object.keys(byName), ...Object.keys(lists)]);
    const others = Object.keys(operator).filter((name) => !covered.has(name));
    expect(others).toEqual(["principal", "head", "describe", "status"]);
  });
});

describe.each(storeCases)("requests on $name", ({ place }) => {
  test("S29 the same key finds the task that a broken call has started, and no second one runs", async () => {
    const { bridge, runner, operator } = await startBridge(await place().open());
    const request: StartRequest = { payload: { text: "x" }, idempotencyKey: "k" };
    const calls = await Promise.all([1, 2, 3].map(async () => await operator.start(request)));
    expect(calls.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(calls.map(({ task }) => task.id)).size).toBe(1);
    const id = calls[0]?.task.id ?? "";
    await ended(operator, id);
    expect(await operator.start(request)).toMatchObject({ created: false, task: { id } });
    expect(runner.turns).toHaveLength(1);
    await expect(operator.start({ ...request, payload: { text: "y" } })).rejects.toMatchObject({
      code: "IDEMPOTENCY_CONFLICT",
    });
    // Another principal's keys are its own.
    const other = await bridge.as(mine).start(request);
    expect(other.created).toBe(true);
  });

  test("S29 a key is the same request in whatever order its fields come", async () => {
    const { operator } = makeBridge(await place().open(), {
      routes: [...everyone],
    });
    const payload = { from: "ann", text: "x" };
    const turned = { text: "x", from: "ann" };
    const kind = "note";
    const one = await operator.start({ kind, payload, idempotencyKey: "k" });
    const two = await operator.start({ kind, payload: turned, idempotencyKey: "k" });
    expect(two.task.id).toBe(one.task.id);
  });

  test.each([
    ["KIND_UNKNOWN", { kind: "letter", payload: {} }],
    ["INPUT_INVALID", { payload: { text: 7 } }],
    ["INPUT_INVALID", { kind: "note", payload: { from: "ann", text: "break the kind" } }],
    ["INPUT_INVALID", { payload: { text: "x" }, conversation: "a", conversationId: "b" }],
    ["INPUT_TOO_LARGE", { payload: { text: "x".repeat(300_000) } }],
    ["INPUT_TOO_LARGE", { payload: { text: "x" }, metadata: { note: "x".repeat(5000) } }],
    ["INPUT_TOO_LARGE", { payload: { text: "x" }, idempotencyKey: "x".repeat(5000) }],
    ["INPUT_TOO_LARGE", { payload: { text: "x" }, conversation: "x".repeat(5000) }],
    ["INPUT_TOO_DEEP", { payload: JSON.parse("[".repeat(10_000) + "]".repeat(10_000)) as string }],
    ["ROUTE_NONE", { kind: "report", payload: { about: "x", text: "x" } }],
    ["ROUTE_NONE", { payload: { text: "x" }, runner: "another" }],
    ["CONVERSATION_NOT_FOUND", { payload: { text: "x" }, conversationId: "conv_x" }],
  ] as const)("what can not be accepted is refused with %s (%#)", async (code, request) => {
    const { operator } = makeBridge(await place().open());
    await expect(operator.start(request)).rejects.toMatchObject({ code });
    expect((await operator.tasks({})).items).toEqual([]);
    expect((await operator.deadLetters()).items).toEqual([]);
  });

  test("metadata is kept with the task over every update", async () => {
    const { operator } = await startBridge(await place().open());
    const metadata = { ticket: 7, tags: ["a"] };
    const { task } = await operator.start({ payload: { text: "x" }, metadata });
    expect((await ended(operator, task.id)).metadata).toEqual(metadata);
  });

  test("names of conversations belong to who gives them", async () => {
    const { bridge, operator } = makeBridge(await place().open());
    const request = { payload: { text: "x" }, conversation: "room" };
    const ours = await operator.start(request);
    const again = await operator.start(request);
    const theirs = await bridge.as(mine).start(request);
    expect(again.task.conversationId).toBe(ours.task.conversationId);
    expect(theirs.task.conversationId).not.toBe(ours.task.conversationId);
  });

  test("waiting is over when any, or all, have ended, or the time is up", async () => {
    const runner = scriptedRunner(async function* (turn, io, call) {
      if (turn.prompt === "long") yield* works()(turn, io, call);
      else yield completed("short");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const long = await operator.start({ payload: { text: "long" } });
    const short = await operator.start({ payload: { text: "short" } });
    const taskIds = [long.task.id, short.task.id];
    const any = await operator.wait({ taskIds, until: "any", timeoutMs: 5000 });
    expect(any.timedOut).toBe(false);
    expect(any.tasks.map(({ id }) => id)).toEqual(taskIds);
    expect(any.tasks[1]?.status).toBe("completed");
    const all = await operator.wait({ taskIds, until: "all", timeoutMs: 50 });
    expect(all.timedOut).toBe(true);
    const signal = AbortSignal.timeout(20);
    const aborted = await operator.wait({ taskIds, until: "all", timeoutMs: 60_000, signal });
    expect(aborted.timedOut).toBe(true);
    expect(await operator.wait({ taskIds: [], timeoutMs: 60_000 })).toEqual({
      timedOut: false,
      tasks: [],
    });
    await operator.cancel(long.task.id);
    const both = await operator.wait({ taskIds, until: "all", timeoutMs: 5000 });
    expect(both.timedOut).toBe(false);
  });
});

describe.each(storeCases)("resume on $name", ({ place }) => {
  test("an open task, and an ended one without anything to go on with, is attached to", async () => {
    const runner = scriptedRunner(works());
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" }, conversation: "room" });
    const { id: taskId, conversationId } = task;
    const open = await operator.resume({ taskId, conversationId, message: "more" });
    expect(open).toMatchObject({ created: false, task: { id: taskId } });
    await operator.cancel(taskId);
    await ended(operator, taskId);
    const over = await operator.resume({ taskId, conversationId });
    expect(over).toMatchObject({ created: false, task: { id: taskId } });
  });

  test.each([[null], [undefined], [""], ["conv_x"]])(
    "the conversation %s is not the task's own, and the task is not found",
    async (conversationId) => {
      const { operator } = makeBridge(await place().open());
      const { task } = await operator.start({ payload: { text: "x" } });
      await expect(
        operator.resume({ taskId: task.id, conversationId, message: "more" }),
      ).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    },
  );

  test("a room that several people share is gone on in with each one's task, as that one's own", async () => {
    const channel = scriptedChannel();
    const { operator, runner } = await startBridge(await place().open(), { channels: [channel] });
    for (const from of ["ada", "bob"])
      channel.deliver({ payload: { from, room: "garden", text: `${from} asks` } });
    const task = await eventually(async () => {
      const found = (await allTasks(operator)).find(({ owner }) => owner.endsWith("/bob"));
      if (found === undefined) throw new Error("Bob's message is not taken yet.");
      return found;
    });
    await ended(operator, task.id);
    const { id: taskId, conversationId, owner } = task;
    const next = await operator.resume({ taskId, conversationId, message: "more" });
    expect(next).toMatchObject({
      created: true,
      task: { conversationId, owner, continues: taskId },
    });
    await ended(operator, next.task.id);
    expect(runner.turns.at(-1)?.session).toEqual(runner.turns.at(-2)?.session);
  });

  test("a message after the end makes one new task in the same conversation and session, for every caller", async () => {
    const { operator, runner } = await startBridge(await place().open());
    const { task } = await operator.start({ payload: { text: "first" }, conversation: "room" });
    const old = await ended(operator, task.id);
    const request = { taskId: task.id, conversationId: task.conversationId, message: "more" };
    const both = await Promise.all([operator.resume(request), operator.resume(request)]);
    expect(both[0].task.id).toBe(both[1].task.id);
    expect(both.filter(({ created }) => created)).toHaveLength(1);
    const next = await ended(operator, both[0].task.id);
    expect(next).toMatchObject({
      continues: task.id,
      conversationId: task.conversationId,
      output: { output: "re: more" },
    });
    expect(runner.turns[1]?.session?.id).toBe(`session-${task.id}`);
    // The old task keeps its own end.
    expect(await operator.task(task.id)).toEqual(old);
    expect((await eventsOf(operator, next.id))[0]).toMatchObject({
      type: "task.created",
      seq: 1,
      data: { continues: task.id },
    });
    const other = await operator.resume({ ...request, idempotencyKey: "2", message: "else" });
    expect(other.task.id).not.toBe(next.id);
  });

  test("an interrupted task is gone on with once, although nothing is said", async () => {
    const there = place();
    const doomed = severable(await there.open());
    const routes = everyone.map((route) => ({ ...route, recover: "interrupt" as const }));
    const first = await startBridge(doomed.store, {
      routes,
      runner: scriptedRunner(async function* (_, io) {
        yield { type: "session", session: { id: "kept", state: {} } };
        await io.begins();
        doomed.sever();
        yield completed("never stored");
      }),
    });
    const { task } = await first.operator.start({ payload: { text: "x" }, conversation: "room" });
    await eventually(() => expect(first.runner.turns).toHaveLength(1));
    await eventually(() => expect(first.runner.active).toBe(0));
    await first.bridge.stop();
    const { operator, runner } = await startBridge(await there.open(), { routes });
    expect((await ended(operator, task.id)).error?.code).toBe("interrupted");
    const request = { taskId: task.id, conversationId: task.conversationId };
    const [one, two] = await Promise.all([operator.resume(request), operator.resume(request)]);
    expect(one.task.id).toBe(two.task.id);
    expect(one.task.id).not.toBe(task.id);
    await ended(operator, one.task.id);
    expect(runner.turns).toHaveLength(1);
    expect(runner.turns[0]?.session?.id).toBe("kept");
    expect(runner.prompts[0]).toContain("> x");
  });

  test("the operator goes on in a conversation of others, where no route names the operator", async () => {
    const channel = scriptedChannel();
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      routes: [{ kind: "note", from: ["ann"], runner: "scripted" }],
    });
    channel.deliver({ payload: { from: "ann", text: "hello" } });
    await eventually(() => expect(channel.acks).toHaveLength(1));
    const [task] = (await operator.tasks({})).items;
    const resumed = await operator.resume({
      taskId: task?.id ?? "",
      conversationId: task?.conversationId,
      message: "look again",
    });
    expect(await ended(operator, resumed.task.id)).toMatchObject({
      owner: task?.owner,
      output: { output: "re: look again" },
    });
  });
});

describe("the status of a channel", () => {
  const operator: Principal = { type: "operator" };
  const statusWith = async (status?: Channel["status"]) => {
    const logger = recordingLogger();
    const channel = { ...scriptedChannel(), ...(status === undefined ? {} : { status }) };
    await using bridge = createBridge({ runners: [], routes: [], channels: [channel], logger });
    const [found] = (await bridge.as(operator).status()).channels;
    return { found, lines: logger.lines };
  };

  test("carries what the channel itself knows of its inbox", async () => {
    const details = { gap: { from: "then", until: "now" }, rows: 3 };
    expect((await statusWith(() => details)).found).toMatchObject({ name: "platform", details });
    expect((await statusWith()).found?.details).toBeNull();
  });

  const cyclic: Record<string, Json> = {};
  cyclic["self"] = cyclic;
  test.for<[string, () => JsonObject]>([
    [
      "throws",
      () => {
        throw new Error("it is broken");
      },
    ],
    ["gives a list", () => [] as never],
    ["gives what is no plain data", () => ({ count: 1n }) as never],
    ["gives what never ends", () => cyclic],
  ])("is there without them when the channel's own one %s", async ([, status]) => {
    const { found, lines } = await statusWith(status);
    expect(found).toMatchObject({ name: "platform", state: "starting", details: null });
    expect(lines.map(({ level }) => level)).toEqual(["debug"]);
  });
});
