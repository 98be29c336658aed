import { describe, expect, test } from "vitest";
import type { RunnerEvent } from "@agent-bridge/core";
import { ended, eventsOf, settled, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { scriptedChannel } from "./fixtures/scripted-channel.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const secret = "hunter2-and-more";
const secrets = new Set([secret, "hunter2"]);

const yielding = (events: readonly RunnerEvent[], pauseMs = 0) =>
  scriptedRunner(async function* () {
    for (const event of events) {
      yield event;
      if (pauseMs > 0) await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    }
  });

describe.each(storeCases)("secrets on $name", ({ place }) => {
  test("are in no event, answer or reply, in whatever part of a turn they stand", async () => {
    const channel = scriptedChannel();
    const runner = yielding([
      { type: "thinking", text: `I know ${secret}`, delta: false },
      { type: "tool_call", callId: "c", name: "shell", input: { command: ["echo", secret] } },
      { type: "tool_result", callId: "c", status: "ok", output: { [secret]: [{ deep: secret }] } },
      { type: "notice", level: "info", text: secret },
      { type: "end", outcome: "completed", output: `It is ${secret}.` },
    ]);
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      runner,
      secrets,
    });
    channel.deliver({ payload: { from: "ann", text: "tell me" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    const [task] = (await operator.tasks({})).items;
    const done = await settled(operator, task?.id ?? "");
    expect(channel.shown[0]?.text).toBe("It is [secret].");
    expect(done.output).toEqual({ output: "It is [secret]." });
    const stored = JSON.stringify([await eventsOf(operator, done.id), done]);
    expect(stored).not.toContain("hunter2");
    expect(stored.match(/\[secret\]/g)?.length).toBeGreaterThanOrEqual(6);
    const history = await operator.conversation(done.conversationId ?? "");
    expect(JSON.stringify(history)).not.toContain("hunter2");
  });

  test("are in nothing that a runner keeps for its next turn, nor in what its check tells", async () => {
    const given: unknown[] = [];
    const runner = scriptedRunner(async function* (turn) {
      given.push(turn.session);
      yield { type: "session", session: { id: "s", state: { said: [secret] } } };
      yield { type: "end", outcome: "completed", output: "done" };
      await Promise.resolve();
    });
    const check = async () =>
      await Promise.resolve({ ready: true, version: null, path: null, problems: [secret] });
    const { operator } = await startBridge(await place().open(), {
      runner: { ...runner, check },
      secrets,
    });
    for (const text of ["one", "two"]) {
      const { task } = await operator.start({ payload: { text }, conversation: "c" });
      await ended(operator, task.id);
    }
    expect(given).toEqual([null, { id: "s", state: { said: ["[secret]"] } }]);
    const { runners } = await operator.status();
    expect(JSON.stringify(runners)).toContain("[secret]");
    expect(JSON.stringify(runners)).not.toContain("hunter2");
  });

  test("are found when they come in pieces, over several writes", async () => {
    const pieces = ["the word is hun", "ter2-", "and-mo", "re, is it?"];
    const deltas = pieces.map((text) => ({ type: "text", text, delta: true }) as const);
    const end = { type: "end", outcome: "failed", message: `no: ${secret}` } as const;
    const runner = yielding([...deltas, end], 70);
    const { operator } = await startBridge(await place().open(), { runner, secrets });
    const { task } = await operator.start({ payload: { text: "tell me" } });
    const done = await ended(operator, task.id);
    const events = await eventsOf(operator, task.id);
    const text = events
      .flatMap((event) => (event.type === "turn.text" ? [event.data.text] : []))
      .join("");
    expect(text).toBe("the word is [secret], is it?");
    expect(done.output).toEqual({ output: "the word is [secret], is it?" });
    expect(done.error?.message).toBe("no: [secret]");
  });

  test("what only looks like the beginning of one is not lost", async () => {
    const runner = yielding(
      [
        { type: "text", text: "I went hun", delta: true },
        { type: "end", outcome: "completed", output: "I went hun" },
      ],
      70,
    );
    const { operator } = await startBridge(await place().open(), { runner, secrets });
    const { task } = await operator.start({ payload: { text: "x" } });
    await ended(operator, task.id);
    const events = await eventsOf(operator, task.id);
    const text = events
      .flatMap((event) => (event.type === "turn.text" ? [event.data.text] : []))
      .join("");
    expect(text).toBe("I went hun");
  });
});
