import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { createBridge, systemClock, systemRandom, type Bridge } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startStubAgent, type StubAgent } from "./stub-agent.ts";

let agent: StubAgent;
beforeEach(async () => {
  agent = await startStubAgent();
});
afterEach(async () => await agent[Symbol.asyncDispose]());

/** A bridge on the test's database: opened again, it is the next process. */
async function openBridge(): Promise<Bridge> {
  const store = sqliteStore({
    path: join(agent.folder, "bridge.db"),
    clock: systemClock(),
    random: systemRandom,
  });
  const bridge = createBridge({
    store,
    runners: [agent.runner()],
    routes: [{ kind: "prompt", from: "*", runner: "react", options: { tools: ["box.*"] } }],
  });
  await bridge.start();
  return bridge;
}

const operator = (bridge: Bridge) => bridge.as({ type: "operator" });
const file = (): string => join(agent.folder, "notes.txt");
const noting = (): string =>
  `[[tool box__note ${JSON.stringify({ file: file(), line: "milk" })}]][[say done]]`;

describe("an agent behind the bridge", () => {
  test("S22 a question waits over a restart under the same id, and what is accepted is done once", async () => {
    const first = await openBridge();
    const { task } = await operator(first).start({
      payload: { text: noting() },
      conversation: "a",
    });
    const waiting = await operator(first).wait({ taskIds: [task.id], timeoutMs: 15_000 });
    expect(waiting.tasks[0]?.status).toBe("input_required");
    const [asked] = await operator(first).questions(task.id);
    expect(asked).toMatchObject({
      mode: "suspended",
      state: "open",
      title: "Call the tool box.note?",
    });
    await first.stop();

    await using second = await openBridge();
    const [again] = await operator(second).questions(task.id);
    expect(again?.id).toBe(asked?.id);
    expect(existsSync(file())).toBe(false);
    await operator(second).answer(again?.id ?? "", { action: "accept" });
    await expect
      .poll(async () => (await operator(second).task(task.id)).status, { timeout: 15_000 })
      .toBe("completed");
    expect(readFileSync(file(), "utf8")).toBe("milk\n");
    expect((await operator(second).task(task.id)).output).toEqual({ output: "done" });
  });

  test("a cancel keeps what was said, and the conversation goes on knowing it", async () => {
    await using bridge = await openBridge();
    const me = operator(bridge);
    const text = "[[slow 20]][[say the first half]][[hang]]";
    const { task } = await me.start({ payload: { text }, conversation: "b" });
    for await (const event of me.attach({ taskId: task.id })) {
      if (event.type === "turn.text") {
        await me.cancel(task.id);
        break;
      }
    }
    await me.wait({ taskIds: [task.id], timeoutMs: 15_000 });
    const ended = await me.task(task.id);
    expect(ended).toMatchObject({ status: "failed", error: { code: "cancelled" } });
    const next = await me.start({ payload: { text: "and then?" }, conversation: "b" });
    await me.wait({ taskIds: [next.task.id], timeoutMs: 15_000 });
    const sent = JSON.stringify(agent.model.log().at(-1)?.body);
    expect(sent).toContain("the first half".slice(0, ended.output?.output.length ?? 3));
    expect(sent).toContain("and then?");
  });

  test("tokens are counted, thinking is told, and the history has one answer", async () => {
    await using bridge = await openBridge();
    const me = operator(bridge);
    const text = "[[think let me see]][[say forty-two]]";
    const { task } = await me.start({ payload: { text }, conversation: "c" });
    await me.wait({ taskIds: [task.id], timeoutMs: 15_000 });
    const ended = await me.task(task.id);
    expect(ended.usage?.outputTokens).toBeGreaterThan(0);
    const { events } = await me.events({ taskId: task.id });
    expect(events.map(({ type }) => type)).toContain("turn.thinking");
    const { history } = await me.conversation(ended.conversationId ?? "");
    expect(history.map(({ role }) => role)).toEqual(["user", "assistant"]);
  });
});
