import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PortalEvent, PortalTask } from "@agent-bridge/plugin-portal";
import { startStubModel } from "@agent-bridge/testing/stub-model";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Client } from "./portal.ts";
import { portalHome, type PortalHome } from "./portal-home.ts";

const timeoutMs = 60_000;
const slow = { timeout: 20_000 };

const countingHome = (): PortalHome =>
  portalHome({
    plugins: { [join(import.meta.dirname, "fixtures/counting-plugin.ts")]: {} },
    route: { runner: "counting" },
  });

/** What two sockets were told of a task, one after the other: each event once, in order, and one end. */
function expectWhole(events: readonly PortalEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place + 1));
  const ends = events.filter(({ type }) => type === "task.completed" || type === "task.failed");
  expect(ends).toEqual(events.slice(-1));
}

/** Goes on watching from the last event that another socket was told. */
async function goOn(client: Client, task: PortalTask, seen: readonly PortalEvent[]): Promise<void> {
  const { id: taskId, conversationId } = task;
  const after = seen.at(-1)?.cursor ?? null;
  await client.ask({ type: "resume", taskId, conversationId, after });
}

async function questionOf(client: Client, taskId: string): Promise<string> {
  await expect.poll(() => client.types(taskId), slow).toContain("turn.question");
  const asked = client.events(taskId).find(({ type }) => type === "turn.question");
  return String(asked?.data["questionId"]);
}

describe("the end of a daemon", { timeout: timeoutMs }, () => {
  test("S16 by a kill, while a socket watches: the next one goes on, and every event is told once", async () => {
    const home = countingHome();
    const first = await home.start();
    const ann = await first.connect();
    const task = await ann.chat("count");
    await expect.poll(() => ann.events(task.id).length, slow).toBeGreaterThan(50);
    await first.kill();
    expect((await ann.closing()).code).toBe(1006);

    const second = await home.start();
    const again = await second.connect();
    await goOn(again, task, ann.events(task.id));
    expect(await again.end(task.id)).toMatchObject({ status: "completed", output: "went on" });
    expectWhole([...ann.events(task.id), ...again.events(task.id)]);
  });

  test("by a stop tells its sockets, gives its attempts back, and the next one goes on", async () => {
    const home = countingHome();
    const first = await home.start();
    const [ann, idle] = [await first.connect(), await first.connect()];
    const task = await ann.chat("count");
    await expect.poll(() => ann.events(task.id).length, slow).toBeGreaterThan(50);
    expect(await first.stop()).toBe(0);
    for (const client of [ann, idle]) {
      expect((await client.closing()).code).toBe(1001);
      expect(client.messages.at(-1)).toEqual({ type: "stopping" });
    }
    expect(ann.types(task.id)).not.toContain("task.failed");

    const second = await home.start();
    const again = await second.connect();
    await goOn(again, task, ann.events(task.id));
    expect(await again.end(task.id)).toMatchObject({ status: "completed", output: "went on" });
    const whole = [...ann.events(task.id), ...again.events(task.id)];
    expectWhole(whole);
    const starts = whole.filter(({ type }) => type === "task.started").map(({ data }) => data);
    expect(starts).toEqual([
      { attempt: 1, cause: "new" },
      { attempt: 2, cause: "released" },
    ]);
    expect(await second.stop()).toBe(0);
  });

  test("S22 closes a live approval as void, visibly, and a late answer is an error", async () => {
    const home = countingHome();
    const first = await home.start();
    const ann = await first.connect();
    const task = await ann.chat("ask me first");
    const questionId = await questionOf(ann, task.id);
    await first.kill();

    const second = await home.start();
    const again = await second.connect();
    await goOn(again, task, ann.events(task.id));
    await again.end(task.id);
    const whole = [...ann.events(task.id), ...again.events(task.id)];
    expectWhole(whole);
    const answered = whole.find(({ type }) => type === "turn.answer");
    expect(answered?.data).toMatchObject({ questionId, state: "void" });
    const late = await again.reply({ type: "answer", questionId, action: "accept" });
    expect(late.error?.code).toBe("QUESTION_CLOSED");
  });

  test("S22 leaves a suspended approval open under its id, and what is accepted then is done once", async () => {
    const model = await startStubModel();
    onTestFinished(async () => await model[Symbol.asyncDispose]());
    const react = join(import.meta.dirname, "../../react-agent");
    const server = join(react, "test/fixtures/tool-server.mjs");
    const home = portalHome({
      plugins: {
        [join(react, "src/index.ts")]: {
          baseUrl: `${model.url}/v1`,
          model: "stub-model",
          servers: { box: { command: process.execPath, args: [server] } },
        },
      },
      route: { runner: "react", options: { tools: ["box.*"] } },
    });
    const file = join(home.folder, "notes.txt");
    const first = await home.start();
    const ann = await first.connect();
    const note = JSON.stringify({ file, line: "milk" });
    const task = await ann.chat(`[[think a note]][[tool box__note ${note}]][[say noted]]`);
    const questionId = await questionOf(ann, task.id);
    expect(await first.stop()).toBe(0);
    expect(existsSync(file)).toBe(false);

    const second = await home.start();
    const again = await second.connect();
    await goOn(again, task, ann.events(task.id));
    expect(await again.ask({ type: "task", taskId: task.id })).toMatchObject({
      task: { status: "input_required" },
      questions: [{ id: questionId, state: "open", mode: "suspended" }],
    });
    await again.ask({ type: "answer", questionId, action: "accept" });
    expect(await again.end(task.id)).toMatchObject({ status: "completed", output: "noted" });
    expect(readFileSync(file, "utf8")).toBe("milk\n");
    expectWhole([...ann.events(task.id), ...again.events(task.id)]);
    const late = await again.reply({ type: "answer", questionId, action: "decline" });
    expect(late.error?.code).toBe("QUESTION_CLOSED");
  });
});
