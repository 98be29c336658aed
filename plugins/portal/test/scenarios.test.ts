import { requestSchema, type PortalReply, type PortalTask } from "@agent-bridge/plugin-portal";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPortal, type Client, type TestPortal } from "./portal.ts";
import { completed, pause, said, thinking, type Act } from "./scripted-agent.ts";

let portal: TestPortal;
let ann: Client;
beforeEach(async () => {
  portal = await startPortal();
  ann = await portal.connect();
});
afterEach(async () => await portal[Symbol.asyncDispose]());

const thoughts = (count: number): readonly Act[] =>
  Array.from({ length: count }, (_, place) => thinking(`thought ${place}`));

/** Counts a task's events: each once and in order, and one end, the last of them. */
function expectWhole(events: readonly { readonly seq: number; readonly type: string }[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place + 1));
  const ends = events.filter(({ type }) => type === "task.completed" || type === "task.failed");
  expect(ends).toEqual(events.slice(-1));
}

const resume = ({ id, conversationId }: PortalTask, after: string | null = null): object => ({
  type: "resume",
  taskId: id,
  conversationId,
  after,
});

interface EventsPage {
  readonly events: readonly {
    readonly cursor: string;
    readonly taskId: string;
    readonly seq: number;
  }[];
  readonly next: string;
}

describe("cursors and watching", () => {
  test("S14 a cursor that was taken under one filter skips nothing under another", async () => {
    portal.agent.script([...thoughts(3), pause, ...thoughts(3), completed("done")]);
    const [one, two] = [await ann.chat("one"), await ann.chat("two")];
    await expect.poll(() => portal.agent.paused).toBe(2);
    const ofAll = await ann.ask<EventsPage>({ type: "events", limit: 7 });
    const ofOne = await ann.ask<EventsPage>({ type: "events", taskId: one.id });
    portal.agent.goOn();
    await Promise.all([ann.end(one.id), ann.end(two.id)]);
    const all = await ann.ask<EventsPage>({ type: "events" });
    for (const cursor of [ofAll.next, ofOne.next, ...ofOne.events.map((event) => event.cursor)]) {
      const position = Number.parseInt(cursor.split(".")[1] ?? "", 36);
      const behind = all.events.filter(
        (event) => Number.parseInt(event.cursor.split(".")[1] ?? "", 36) > position,
      );
      const after = await ann.ask<EventsPage>({ type: "events", after: cursor });
      expect(after.events).toEqual(behind);
      const other = await portal.connect();
      await other.ask(resume(two, cursor));
      await other.end(two.id);
      expect(other.events()).toEqual(behind.filter(({ taskId }) => taskId === two.id));
    }
  });

  test("S15 sockets that come at any moment are told every event once, in order, and the end", async () => {
    portal.agent.script(Array.from({ length: 12 }, () => [...thoughts(10), pause]).flat());
    const task = await ann.chat("think");
    const watchers: Client[] = [ann];
    for (let round = 0; round < 12; round++) {
      await expect.poll(() => portal.agent.paused).toBe(1);
      const [before, during] = [await portal.connect(), await portal.connect()];
      await before.ask(resume(task));
      // This one asks while the next thoughts come.
      const asked = during.ask(resume(task));
      portal.agent.goOn();
      await asked;
      watchers.push(before, during);
    }
    for (const watcher of watchers) {
      await watcher.end(task.id);
      expectWhole(watcher.events(task.id));
    }
  });

  test("what is watched no more is told nothing more, and once more from where it was", async () => {
    portal.agent.script([...thoughts(5), pause, ...thoughts(5), completed("done")]);
    const task = await ann.chat("think");
    await expect.poll(() => portal.agent.paused).toBe(1);
    await expect.poll(() => ann.events(task.id).length).toBeGreaterThan(6);
    expect(await ann.ask({ type: "detach", taskId: task.id })).toEqual({ detached: true });
    expect(await ann.ask({ type: "detach", taskId: task.id })).toEqual({ detached: false });
    const seen = ann.events(task.id);
    portal.agent.goOn();
    await expect.poll(async () => (await portal.operator.task(task.id)).status).toBe("completed");
    expect(ann.events(task.id)).toEqual(seen);
    expect(ann.messages.filter(({ type }) => type === "end")).toEqual([]);
    await ann.ask(resume(task, seen.at(-1)?.cursor));
    await ann.end(task.id);
    expectWhole(ann.events(task.id));
  });

  test("S18 a cursor that is malformed, of another store, or ahead of the log is an error", async () => {
    const task = await ann.chat("hello");
    await ann.end(task.id);
    const own = ann.events(task.id)[0]?.cursor.split(".")[0] ?? "";
    for (const [cursor, code] of [
      ["nonsense", "CURSOR_INVALID"],
      [`${own}.-1`, "CURSOR_INVALID"],
      ["elsewhere.1", "CURSOR_FOREIGN"],
      [`${own}.zzzzzz`, "CURSOR_AHEAD"],
    ] as const) {
      expect((await ann.reply({ type: "events", after: cursor })).error?.code).toBe(code);
      const watcher = await portal.connect();
      const { error } = await watcher.reply(resume(task, cursor));
      const told = error ?? (await watcher.until(({ type }) => type === "error"))["error"];
      expect(told).toMatchObject({ code });
      expect(watcher.events()).toEqual([]);
    }
    expect((await ann.ask<EventsPage>({ type: "events" })).events).not.toEqual([]);
  });
});

describe("S19 a cancel", () => {
  /** Each moment: how the task gets there, and whether the cancel changes something. */
  const moments: readonly (readonly [
    string,
    readonly Act[],
    (task: PortalTask) => Promise<void>,
  ])[] = [
    ["as soon as it was asked for", [pause], async () => await Promise.resolve()],
    [
      "while the agent thinks",
      [thinking("hm"), pause],
      async ({ id }) => await expect.poll(() => ann.types(id)).toContain("turn.thinking"),
    ],
    [
      "during a tool call",
      [{ type: "tool_call", callId: "1", name: "ls", input: {} }, pause],
      async ({ id }) => await expect.poll(() => ann.types(id)).toContain("turn.tool_call"),
    ],
    [
      "while it waits for an answer",
      [{ type: "ask" }, pause],
      async ({ id }) => await expect.poll(() => ann.types(id)).toContain("turn.question"),
    ],
  ];

  test.for(moments)("%s, five times at once, ends it once", async ([, acts, reached]) => {
    portal.agent.script(acts);
    const task = await ann.chat("go");
    await reached(task);
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => await ann.ask({ type: "cancel", taskId: task.id })),
    );
    expect(answers.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await ann.end(task.id)).toMatchObject({ status: "cancelled" });
    expectWhole(ann.events(task.id));
    await expect.poll(() => portal.agent.paused).toBe(0);
  });

  test("before the start ends it without a turn", async () => {
    await using narrow = await startPortal({ parts: { limits: { concurrency: 1 } } });
    const client = await narrow.connect();
    narrow.agent.script([pause, completed("first")]);
    const [first, second] = [await client.chat("first"), await client.chat("second")];
    await expect.poll(() => narrow.agent.paused).toBe(1);
    expect(await client.ask({ type: "cancel", taskId: second.id })).toMatchObject({
      changed: true,
    });
    expect(await client.end(second.id)).toMatchObject({ status: "cancelled" });
    narrow.agent.goOn();
    await client.end(first.id);
    expectWhole(client.events(second.id));
    expect(narrow.agent.prompts).toEqual(["first"]);
  });

  test("after the end changes nothing", async () => {
    const task = await ann.chat("go");
    await ann.end(task.id);
    expect(await ann.ask({ type: "cancel", taskId: task.id })).toMatchObject({
      changed: false,
      task: { status: "completed" },
    });
    expectWhole(ann.events(task.id));
  });
});

describe("S23 another's key", () => {
  const nowhere = {
    task: "task_00000000000000000000000000",
    conversation: "conv_00000000000000000000000000",
    question: "question_0000000000000000000000",
  };

  /** What each request is asked with that names something; the others name nothing of anybody. */
  const requests: Readonly<Record<string, (of: typeof nowhere) => object>> = {
    cancel: ({ task }) => ({ taskId: task }),
    resume: ({ task, conversation }) => ({ taskId: task, conversationId: conversation }),
    detach: ({ task }) => ({ taskId: task }),
    answer: ({ question }) => ({ questionId: question, action: "accept" }),
    task: ({ task }) => ({ taskId: task }),
    tasks: ({ conversation }) => ({ conversationId: conversation }),
    events: ({ task }) => ({ taskId: task }),
    conversation: ({ conversation }) => ({ conversationId: conversation }),
  };
  const namingNothing = new Set(["authenticate", "chat", "conversations", "describe"]);

  test("is answered for every request like what never was, and leaves no trace", async () => {
    portal.agent.script([{ type: "ask" }, completed("done")]);
    const task = await ann.chat("ask me", { conversation: "mine" });
    await expect.poll(() => ann.types(task.id)).toContain("turn.question");
    const { questions } = await ann.ask<{ questions: { id: string }[] }>({
      type: "task",
      taskId: task.id,
    });
    const own = {
      task: task.id,
      conversation: task.conversationId ?? "",
      question: questions[0]?.id ?? "",
    };
    const before = await portal.operator.events({ taskId: task.id });
    const bob = await portal.connect("key-bob");
    const textOf = ({ result, error }: PortalReply, ids: typeof nowhere): string =>
      Object.values(ids).reduce(
        (text, id) => text.replaceAll(id, "it"),
        JSON.stringify({ result, error }),
      );
    const types = requestSchema.options.map(({ shape }) => shape.type.value);
    expect(types.filter((type) => !namingNothing.has(type)).toSorted()).toEqual(
      Object.keys(requests).toSorted(),
    );
    for (const [type, fields] of Object.entries(requests)) {
      const foreign = await bob.reply({ type, ...fields(own) });
      const never = await bob.reply({ type, ...fields(nowhere) });
      expect([type, textOf(foreign, own)]).toEqual([type, textOf(never, nowhere)]);
    }
    expect(bob.events()).toEqual([]);
    expect(await portal.operator.events({ taskId: task.id })).toEqual(before);
    await ann.ask({ type: "answer", questionId: own.question, action: "accept" });
    expect(await ann.end(task.id)).toMatchObject({ status: "completed" });
  });

  test("a conversation of the same name is another one", async () => {
    const bob = await portal.connect("key-bob");
    const [mine, theirs] = [
      await ann.chat("mine", { conversation: "same" }),
      await bob.chat("theirs", { conversation: "same" }),
    ];
    await Promise.all([ann.end(mine.id), bob.end(theirs.id)]);
    expect(mine.conversationId).not.toBe(theirs.conversationId);
    const seen = await bob.ask({ type: "conversations" });
    expect(JSON.stringify(seen)).not.toContain(mine.conversationId);
  });
});

describe("S29 a client that goes away", () => {
  test("before it was answered finds its task by the same key, which was run once", async () => {
    portal.agent.script([thinking("hm"), pause, completed("done")]);
    ann.send({ type: "chat", id: "1", message: "hello", key: "k" });
    await expect.poll(() => portal.agent.paused).toBe(1);
    ann.cut();
    const again = await portal.connect();
    const found = await again.ask<{ task: PortalTask; created: boolean }>({
      type: "chat",
      message: "hello",
      key: "k",
    });
    expect(found.created).toBe(false);
    portal.agent.goOn();
    expect(await again.end(found.task.id)).toMatchObject({ output: "done" });
    expectWhole(again.events(found.task.id));
    expect(portal.agent.prompts).toEqual(["hello"]);
  });

  test("and comes with the same key and another message is told of the conflict", async () => {
    await ann.chat("hello", { key: "k" });
    const { error } = await ann.reply({ type: "chat", message: "something else", key: "k" });
    expect(error?.code).toBe("IDEMPOTENCY_CONFLICT");
  });

  test("during an approval loses nothing: another socket answers", async () => {
    portal.agent.script([{ type: "ask" }, said("went on"), completed("done")]);
    const task = await ann.chat("ask me");
    await expect.poll(() => ann.types(task.id)).toContain("turn.question");
    ann.cut();
    const again = await portal.connect();
    await again.ask(resume(task));
    const asked = await again.until(
      ({ event }) => (event as { type?: string } | undefined)?.type === "turn.question",
    );
    const { questionId } = (asked["event"] as { data: { questionId: string } }).data;
    await again.ask({ type: "answer", questionId, action: "accept" });
    expect(await again.end(task.id)).toMatchObject({ output: "done" });
    expectWhole(again.events(task.id));
    const late = await again.reply({ type: "answer", questionId, action: "decline" });
    expect(late.error?.code).toBe("QUESTION_CLOSED");
  });
});
