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

const partial = "Partial before the cut";

/** What the assistant has said in a task's conversation, as the operator reads it. */
async function answers(taskId: string): Promise<readonly string[]> {
  const { conversationId } = await portal.operator.task(taskId);
  const { history } = await portal.operator.conversation(conversationId ?? "");
  return history.filter(({ role }) => role === "assistant").map(({ text }) => text);
}

/** Every terminal event of a task, counted to the end of its log. */
async function terminals(taskId: string): Promise<readonly { type: string; data: object }[]> {
  const { events, atHead } = await portal.operator.events({ taskId, limit: 10_000 });
  expect(atHead).toBe(true);
  return events.filter(({ type }) => type === "task.completed" || type === "task.failed");
}

/** Runs one task of these acts to its end. */
async function runToEnd(...acts: readonly Act[]) {
  portal.agent.script(acts);
  const { id } = await ann.chat("hello", { conversation: "c" });
  return { id, task: await ann.end(id) };
}

describe("the portal's contracts", () => {
  test("contract 1: a normal end puts the answer into the conversation, once", async () => {
    const { id } = await runToEnd(thinking("hm"), completed("The answer is 42"));
    expect(await answers(id)).toEqual(["The answer is 42"]);
  });

  test("contract 2: what was said before a failure is kept", async () => {
    const { id } = await runToEnd(said(partial), { type: "throw", message: "it broke" });
    expect(await answers(id)).toEqual([partial]);
  });

  test("contract 3: a failure before anything was said keeps nothing; thinking does not count", async () => {
    const { id } = await runToEnd(thinking("hm"), { type: "throw", message: "early" });
    expect(await answers(id)).toEqual([]);
  });

  test("contract 4: a watcher sees the thinking, the final answer and the end, in this order", async () => {
    const { id } = await runToEnd(thinking("hm"), completed("done"));
    const types = ann.types(id);
    const places = ["turn.thinking", "turn.final_answer", "task.completed"].map((type) =>
      types.indexOf(type),
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  test("contract 5: a failure is one task.failed with the error's text", async () => {
    const { id } = await runToEnd({ type: "throw", message: "it broke" });
    const found = await terminals(id);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ type: "task.failed" });
    expect(JSON.stringify(found[0]?.data)).toContain("it broke");
    expect(ann.types(id).filter((type) => type === "task.failed")).toHaveLength(1);
  });

  test("contract 6: the task is running during the turn, and completed with its output and progress 1 after it", async () => {
    portal.agent.script([thinking("hm"), pause, completed("done")]);
    const { id } = await ann.chat("hello");
    await expect.poll(() => portal.agent.paused).toBe(1);
    expect(await ann.ask({ type: "task", taskId: id })).toMatchObject({
      task: { status: "running" },
    });
    portal.agent.goOn();
    expect(await ann.end(id)).toMatchObject({ status: "completed", output: "done", progress: 1 });
  });

  test("contract 7: a failed task has the error's text", async () => {
    const { task } = await runToEnd({ type: "throw", message: "it broke" });
    expect(task).toMatchObject({ status: "failed", error: { code: "runner_failed" } });
    expect(task.error?.message).toContain("it broke");
  });

  test("contract 8: without a configured store it works on the memory store", async () => {
    expect((await portal.operator.status()).durable).toBe(false);
    const { task } = await runToEnd(completed("done"));
    expect(task.status).toBe("completed");
  });

  test("contract 9: a list by status has exactly the right tasks", async () => {
    portal.agent.script(
      [completed("one")],
      [{ type: "throw", message: "two" }],
      [pause, completed("three")],
    );
    const first = await ann.chat("one");
    await ann.end(first.id);
    const second = await ann.chat("two");
    await ann.end(second.id);
    const third = await ann.chat("three");
    await expect.poll(() => portal.agent.paused).toBe(1);
    const idsOf = async (status: string): Promise<readonly string[]> => {
      const { tasks } = await ann.ask<{ tasks: { id: string }[] }>({
        type: "tasks",
        status: [status],
      });
      return tasks.map(({ id }) => id);
    };
    expect(await idsOf("completed")).toEqual([first.id]);
    expect(await idsOf("failed")).toEqual([second.id]);
    expect(await idsOf("running")).toEqual([third.id]);
    portal.agent.goOn();
    await ann.end(third.id);
  });

  test("contract 10: a task's conversation can be read while it runs and after its end", async () => {
    portal.agent.script([pause, completed("done")]);
    const { id, conversationId } = await ann.chat("hello", { conversation: "c" });
    expect(conversationId).toEqual(expect.any(String));
    await expect.poll(() => portal.agent.paused).toBe(1);
    portal.agent.goOn();
    expect(await ann.end(id)).toMatchObject({ conversationId });
  });

  test("contract 11: a socket that watches one task is told of that task only", async () => {
    const [one, two] = [await ann.chat("one"), await ann.chat("two")];
    await Promise.all([ann.end(one.id), ann.end(two.id)]);
    const watcher = await portal.connect();
    await watcher.ask({ type: "resume", taskId: one.id, conversationId: one.conversationId });
    await watcher.end(one.id);
    expect(new Set(watcher.events().map(({ taskId }) => taskId))).toEqual(new Set([one.id]));
  });

  test("contract 12: all events of a principal are its own, and the operator's are all", async () => {
    const bob = await portal.connect("key-bob");
    const [mine, theirs] = [await ann.chat("mine"), await bob.chat("theirs")];
    await Promise.all([ann.end(mine.id), bob.end(theirs.id)]);
    const tasksOf = async (client: Client): Promise<readonly string[]> => {
      const { events } = await client.ask<{ events: { taskId: string }[] }>({ type: "events" });
      return [...new Set(events.map(({ taskId }) => taskId))];
    };
    expect(await tasksOf(ann)).toEqual([mine.id]);
    expect(await tasksOf(bob)).toEqual([theirs.id]);
    const all = await portal.operator.events({});
    expect(new Set(all.events.map(({ taskId }) => taskId))).toEqual(new Set([mine.id, theirs.id]));
  });

  test("contract 13: what happened before the watching is told first, in order and of this task only", async () => {
    portal.agent.script(
      [thinking("a"), thinking("b"), pause, completed("done")],
      [completed("other")],
    );
    const one = await ann.chat("one");
    await expect.poll(() => portal.agent.paused).toBe(1);
    await ann.end((await ann.chat("two")).id);
    const late = await portal.connect();
    await late.ask({ type: "resume", taskId: one.id, conversationId: one.conversationId });
    await expect.poll(() => late.events(one.id).length).toBeGreaterThan(3);
    portal.agent.goOn();
    await late.end(one.id);
    const seqs = late.events().map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, place) => place + 1));
    expect(late.events()).toEqual(ann.events(one.id));
  });

  const cancelled = async () => {
    portal.agent.script([said(partial), pause, completed("never")]);
    const { id } = await ann.chat("hello");
    await expect.poll(() => portal.agent.paused).toBe(1);
    const answer = await ann.ask({ type: "cancel", taskId: id });
    return { id, answer, task: await ann.end(id) };
  };

  test("contract 14: a cancel keeps what was said", async () => {
    const { id } = await cancelled();
    expect(await answers(id)).toEqual([partial]);
  });

  test("contract 15: a cancelled task is failed, and its error says that it was cancelled", async () => {
    const { id } = await cancelled();
    const { status, error } = await portal.operator.task(id);
    expect([status, error?.code]).toEqual(["failed", "cancelled"]);
    expect(error?.message).toContain("cancelled");
  });

  test("contract 16: a cancel is exactly one task.failed", async () => {
    const { id } = await cancelled();
    const found = await terminals(id);
    expect(found.map(({ type }) => type)).toEqual(["task.failed"]);
    expect(JSON.stringify(found[0]?.data)).toContain("cancelled");
  });

  const unknown = { code: "TASK_NOT_FOUND", retryable: false };

  test("contract 17: a resume with another conversation's id is refused like an unknown task, and the socket lives", async () => {
    const one = await ann.chat("one", { conversation: "one" });
    const two = await ann.chat("two", { conversation: "two" });
    await Promise.all([ann.end(one.id), ann.end(two.id)]);
    const refused = await ann.reply({
      type: "resume",
      taskId: one.id,
      conversationId: two.conversationId,
    });
    expect(refused.error).toMatchObject(unknown);
    expect((await ann.ask<{ tasks: unknown[] }>({ type: "tasks" })).tasks).toHaveLength(2);
  });

  test("contract 18: a resume with the task's own conversation attaches to it", async () => {
    const { id } = await runToEnd(completed("done"));
    const { conversationId } = await portal.operator.task(id);
    const again = await portal.connect();
    const resumed = await again.ask({ type: "resume", taskId: id, conversationId });
    expect(resumed).toMatchObject({ task: { id }, created: false });
    expect(await again.end(id)).toMatchObject({ output: "done" });
  });

  test("contract 19: a resume without a conversation, or by another's key, is refused like an unknown task", async () => {
    const { id } = await runToEnd(completed("done"));
    const { conversationId } = await portal.operator.task(id);
    const never = "task_00000000000000000000000000";
    const unlike = await ann.reply({ type: "resume", taskId: never, conversationId });
    const textOf = (reply: typeof unlike): string =>
      (reply.error?.message ?? "").replaceAll(/task_\w+/g, "it");
    for (const request of [{}, { conversationId: null }, { conversationId: "" }]) {
      const refused = await ann.reply({ type: "resume", taskId: id, ...request });
      expect(refused.error).toMatchObject(unknown);
      expect(textOf(refused)).toBe(textOf(unlike));
    }
    const bob = await portal.connect("key-bob");
    const foreign = await bob.reply({ type: "resume", taskId: id, conversationId });
    expect(foreign.error).toMatchObject(unknown);
    expect(textOf(foreign)).toBe(textOf(unlike));
    expect(bob.socket.readyState).toBe(bob.socket.OPEN);
    // Bob, what he asked, and about which task: one line.
    const denied = portal.logged.filter((line) => line.includes("client:bob"));
    expect(denied).toEqual([
      `Denied ${JSON.stringify({ who: "client:bob", what: "resume", taskId: id, code: "TASK_NOT_FOUND" })}`,
    ]);
  });

  test("contract 20: a cancel over the socket ends the task as failed and keeps what was said", async () => {
    const { id, answer, task } = await cancelled();
    expect(answer).toMatchObject({ changed: true });
    expect(task).toMatchObject({ status: "cancelled", output: partial });
    expect(await answers(id)).toEqual([partial]);
  });

  test("contract 21: a cancel after the end changes nothing", async () => {
    const { id } = await runToEnd(completed("done"));
    const before = await portal.operator.task(id);
    expect(await ann.ask({ type: "cancel", taskId: id })).toMatchObject({ changed: false });
    expect(await portal.operator.task(id)).toEqual(before);
    expect(await answers(id)).toEqual(["done"]);
    expect(await terminals(id)).toHaveLength(1);
  });

  test("contract 22: a socket that goes away cancels nothing, and the answer is kept", async () => {
    portal.agent.script([thinking("hm"), pause, completed("after all")]);
    const { id } = await ann.chat("hello");
    await expect.poll(() => portal.agent.paused).toBe(1);
    ann.cut();
    await expect.poll(() => portal.sockets.count).toBe(0);
    expect((await portal.operator.task(id)).status).toBe("running");
    portal.agent.goOn();
    await expect.poll(async () => (await portal.operator.task(id)).status).toBe("completed");
    expect(await answers(id)).toEqual(["after all"]);
  });

  test("contract 23: after a socket went away the answer can be had by resume, from where it was", async () => {
    portal.agent.script([thinking("hm"), pause, completed("after all")]);
    const { id, conversationId } = await ann.chat("hello");
    await expect.poll(() => ann.types(id)).toContain("turn.thinking");
    const seen = ann.events(id);
    ann.cut();
    portal.agent.goOn();
    await expect.poll(async () => (await portal.operator.task(id)).status).toBe("completed");
    const again = await portal.connect();
    const after = seen.at(-1)?.cursor;
    await again.ask({ type: "resume", taskId: id, conversationId, after });
    expect(await again.end(id)).toMatchObject({ status: "completed", output: "after all" });
    const whole = [...seen, ...again.events(id)].map(({ seq }) => seq);
    expect(whole).toEqual(whole.map((_, place) => place + 1));
  });
});
