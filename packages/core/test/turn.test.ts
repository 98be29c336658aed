import { describe, expect, test } from "vitest";
import { maxEventBytes, type Json, type RunnerEvent } from "@agent-bridge/core";
import { ended, eventsOf, startBridge, typesOf } from "./fixtures/bridges.ts";
import { hurriedClock } from "./fixtures/hurried-clock.ts";
import { eventually } from "./fixtures/eventually.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import {
  completed,
  delta,
  gate,
  type Script,
  scriptedRunner,
  session,
  untilAborted,
  whole,
} from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const nested = (depth: number): Json => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as Json;

/** Yields these, whatever they are. */
const yields = (...events: readonly unknown[]): Script =>
  async function* () {
    yield* events as readonly RunnerEvent[];
  };

describe.each(storeCases)("turns on $name", ({ place }) => {
  async function run(
    script: Script,
    parts: Parameters<typeof startBridge>[1] & { clock?: ReturnType<typeof hurriedClock> } = {},
  ) {
    const { clock } = parts;
    const store = await place(clock === undefined ? {} : { clock }).open();
    const started = await startBridge(store, { runner: scriptedRunner(script), ...parts });
    const { task } = await started.operator.start({ payload: { text: "x" } });
    const last = await ended(started.operator, task.id);
    return { ...started, task: last, events: await eventsOf(started.operator, task.id) };
  }

  test("what a runner says is stored as events without gaps, its answer last", async () => {
    const usage = { inputTokens: 5, cachedInputTokens: 1, outputTokens: 2, reasoningTokens: 0 };
    const { task, events } = await run(
      yields(
        session("s"),
        { type: "thinking", text: "Hm.", delta: false },
        { type: "plan", steps: [{ text: "look", status: "active" }] },
        { type: "tool_call", callId: "1", name: "shell", input: { command: "ls" } },
        { type: "tool_result", callId: "1", status: "ok", output: "a b", exitCode: 0 },
        { type: "file_change", path: "a", change: "update", diff: "+1" },
        { type: "usage", ...usage },
        { type: "notice", level: "info", text: "Nearly done." },
        whole("It is done."),
        completed("It is done."),
      ),
    );
    expect(events.map(({ type }) => type)).toEqual([
      "task.created",
      "task.started",
      "turn.session",
      "turn.thinking",
      "turn.plan",
      "turn.tool_call",
      "turn.tool_result",
      "turn.file_change",
      "turn.usage",
      "turn.notice",
      "turn.text",
      "turn.final_answer",
      "task.completed",
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(task).toMatchObject({ usage, progress: 1, output: { output: "It is done." } });
  });

  test("deltas are stored in groups, in order with everything else", async () => {
    const parts = Array.from({ length: 500 }, (_, index) => `${index} `);
    const { events } = await run(
      yields(
        ...parts.map(delta),
        { type: "thinking", text: "Hm.", delta: true },
        whole(parts.join("")),
        completed("ok"),
      ),
    );
    const texts = events.filter((event) => event.type === "turn.text");
    expect(texts.length).toBeLessThan(20);
    expect(
      texts
        .filter(({ data }) => data.delta)
        .map(({ data }) => data.text)
        .join(""),
    ).toBe(parts.join(""));
    expect(events.findIndex(({ type }) => type === "turn.thinking")).toBeLessThan(
      events.indexOf(texts.at(-1) as never),
    );
  });

  test("a deltas' group is stored soon, although nothing follows it", async () => {
    const go = gate();
    const runner = scriptedRunner(async function* () {
      yield delta("thinking about it");
      await go.promise;
      yield completed("ok");
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    await eventually(async () => expect(await typesOf(operator, task.id)).toContain("turn.text"));
    go.resolve();
    await ended(operator, task.id);
  });

  test("an event over 64 KiB is cut in the log with a mark; the answer is whole in task and history", async () => {
    const answer = "é".repeat(200_000);
    const output = { lines: Array.from({ length: 5000 }, () => "x".repeat(100)) };
    const { task, events, operator } = await run(
      yields(
        { type: "tool_call", callId: "1", name: "cat", input: nested(10_000) },
        { type: "tool_result", callId: "1", status: "ok", output },
        whole(answer),
        completed(answer),
      ),
    );
    expect(task.output?.output).toBe(answer);
    for (const event of events)
      expect(Buffer.byteLength(JSON.stringify(event.data))).toBeLessThanOrEqual(maxEventBytes);
    const cut = events.filter((event) => event.cut !== undefined);
    expect(cut.map(({ type }) => type)).toEqual([
      "turn.tool_call",
      "turn.tool_result",
      "turn.text",
      "turn.final_answer",
      "task.completed",
    ]);
    expect(cut[2]?.cut?.bytes).toBeGreaterThan(400_000);
    expect(JSON.stringify(cut[2]?.data)).toContain("cut");
    const { history } = await operator.conversation(task.conversationId ?? "");
    expect(history.at(-1)?.text).toBe(answer);
  });

  test("an answer over the limit is cut with a mark", async () => {
    const { task } = await run(yields(completed("x".repeat(5000))), {
      limits: { answerBytes: 1000 },
    });
    expect(task.output?.output).toMatch(/^x{1000}\n\[…cut: the answer had 5000 bytes\]$/);
  });

  test("an empty answer is completed, and says so where it is sent", async () => {
    const { task } = await run(yields(completed("  \n")));
    expect(task).toMatchObject({ status: "completed", output: { output: "  \n" } });
  });

  test.each([
    ["the last whole text", [whole("first"), whole("second"), delta("thi")], "second"],
    [
      "the unfinished text",
      [{ type: "thinking", text: "no", delta: false }, delta("half "), delta("of it")],
      "half of it",
    ],
    ["nothing", [{ type: "thinking", text: "no", delta: false }], null],
    [
      "never the output of a tool",
      [
        { type: "tool_call", callId: "1", name: "cat", input: {} },
        { type: "tool_result", callId: "1", status: "ok", output: "secret" },
      ],
      null,
    ],
  ])("the partial answer of a failed turn is %s", async (_, said, output) => {
    const end = { type: "end", outcome: "failed", message: "It broke.", exitCode: 3 };
    const { task } = await run(yields(...said, end));
    expect(task.error).toEqual({ code: "runner_failed", message: "It broke.", exitCode: 3 });
    expect(task.output).toEqual(output === null ? null : { output });
  });

  test.each([
    [
      "throws",
      async function* () {
        yield delta("a");
        throw new Error("boom");
      },
      /boom/,
    ],
    [
      "throws at once",
      () => {
        throw new Error("boom");
      },
      /boom/,
    ],
    [
      "ends without a result",
      async function* () {
        yield delta("a");
      },
      /without a result/,
    ],
    ["says what is no event", yields({ type: "task.completed", output: "forged" }), /no event/],
    ["says nonsense", yields("nonsense"), /no event/],
    ["ends in no known way", yields({ type: "end", outcome: "perfect" }), /no event/],
    ["ends without an answer", yields({ type: "end", outcome: "completed" }), /no event/],
  ] as [string, Script, RegExp][])(
    "a runner that %s fails its task visibly, and no other",
    async (_, script, text) => {
      const { task, operator } = await run(async function* (turn, io, call) {
        if (call === 1) yield* script(turn, io, call);
        else yield completed("fine");
      });
      expect(task).toMatchObject({ status: "failed", error: { code: "runner_failed" } });
      expect(task.error?.message).toMatch(text);
      const next = await operator.start({ payload: { text: "next" } });
      expect((await ended(operator, next.task.id)).status).toBe("completed");
    },
  );

  test("what a runner yields after its end is not taken", async () => {
    const { task, events } = await run(
      yields(completed("the end"), whole("and another thing"), completed("another end")),
    );
    expect(task.output).toEqual({ output: "the end" });
    expect(events.at(-1)?.type).toBe("task.completed");
    expect(events.some(({ type }) => type === "turn.text")).toBe(false);
  });

  test("a runner that does not clean up after its end keeps its answer, and is swept", async () => {
    const swept: unknown[] = [];
    const { task, logger } = await run(
      async function* () {
        try {
          yield completed("the answer");
        } finally {
          await new Promise(() => undefined);
        }
      },
      {
        clock: hurriedClock(),
        limits: { turn: { graceMs: 100, totalMs: 500 } },
        sweeper: {
          sweep: async ({ only }) => {
            if (only !== undefined) swept.push(only);
            return await Promise.resolve({ ended: 0, survivors: [] });
          },
        },
      },
    );
    expect(task).toMatchObject({ status: "completed", output: { output: "the answer" } });
    expect(swept).toHaveLength(1);
    expect(logger.lines.some(({ message }) => message.includes("did not clean up"))).toBe(true);
  });

  test.each([
    ["does not begin", { startMs: 30 }, 0, /did not begin/],
    ["gives no sign of life", { idleMs: 30 }, 1, /no sign of life/],
    ["goes on for ever", { totalMs: 60 }, 1_000_000, /was not done/],
  ] as const)("a runner that %s is timed out", async (...[, turn, count, text]) => {
    const { task } = await run(
      async function* (_turn, io) {
        for (let said = 0; said < count && !io.signal.aborted; said++) {
          yield delta(".");
          if (count > 1) await new Promise((resolve) => void setTimeout(resolve, 5));
        }
        await new Promise((resolve) => {
          if (io.signal.aborted) resolve(undefined);
          io.signal.addEventListener("abort", resolve);
        });
      },
      { limits: { turn } },
    );
    expect(task).toMatchObject({ status: "failed", error: { code: "timeout" } });
    expect(task.error?.message).toMatch(text);
  });

  test("a route's time limits come before the runner's and the bridge's, also after the route has others", async () => {
    const held = gate();
    const runner = scriptedRunner(
      async function* (_, io) {
        yield session("s");
        await untilAborted(io.signal).catch(() => undefined);
        yield { type: "end", outcome: "aborted" };
      },
      { limits: () => ({ idleMs: 20, totalMs: 600_000 }) },
    );
    const routes = (turn: { idleMs: number; totalMs: number }) => [
      { kind: "prompt", from: "*" as const, runner: "scripted", turn },
    ];
    const { bridge, operator } = await startBridge(await place().open(), {
      runner,
      routes: routes({ idleMs: 600_000, totalMs: 80 }),
      limits: { turn: { totalMs: 10 } },
      failpoint: async (name) => {
        if (name === "accept.after") await held.promise;
      },
    });
    const started = operator.start({ payload: { text: "x" } });
    bridge.reconfigure({ routes: routes({ idleMs: 600_000, totalMs: 600_000 }) });
    held.resolve();
    const task = await ended(operator, (await started).task.id);
    expect(task.error).toMatchObject({ code: "timeout" });
    expect(task.error?.message).toContain("not done within 0.1 s");
  });

  test("a turn that failed before it did anything is tried again, twice at most", async () => {
    const end = { type: "end", outcome: "failed", message: "Overloaded.", retryable: true };
    const again = await run(
      async function* (_, __, call) {
        if (call < 3) yield end as RunnerEvent;
        else yield completed("the third time");
      },
      { clock: hurriedClock(100) },
    );
    expect(again.task.output).toEqual({ output: "the third time" });
    expect(again.events.filter(({ type }) => type === "turn.notice")).toHaveLength(2);
    const never = await run(yields(end), { clock: hurriedClock(100) });
    expect(never.task.error?.message).toBe("Overloaded.");
    expect(never.runner.turns).toHaveLength(3);
  });

  test("what a turn had not finished to say does not go on in the next one", async () => {
    const { task } = await run(
      async function* (_, __, call) {
        yield delta(`try ${call} `);
        yield delta("says this");
        yield { type: "end", outcome: "failed", message: "Overloaded.", retryable: true };
      },
      { clock: hurriedClock(100) },
    );
    expect(task.output).toEqual({ output: "try 3 says this" });
  });

  test("a turn that has called a tool is not tried again", async () => {
    const { runner, task, events } = await run(
      yields(
        { type: "tool_call", callId: "1", name: "deploy", input: {} },
        { type: "end", outcome: "failed", message: "Overloaded.", retryable: true },
      ),
    );
    expect(runner.turns).toHaveLength(1);
    expect(task.status).toBe("failed");
    expect(events.find((event) => event.type === "turn.tool_result")?.data).toMatchObject({
      status: "cancelled",
    });
  });

  test.each([
    { type: "tool_call", callId: "1", name: "deploy", input: {} },
    { type: "file_change", path: "a.txt", change: "add" },
  ])("a turn is not begun again after an effect, whatever its end says: $type", async (effect) => {
    for (const end of [
      { type: "end", outcome: "failed", message: "Overloaded.", retryable: true },
      { type: "end", outcome: "session_gone", message: "No rollout found." },
    ]) {
      const runner = scriptedRunner(async function* (_, io, call) {
        yield session("kept");
        await io.begins();
        if (call === 1) return yield completed("one");
        yield effect as RunnerEvent;
        yield end as RunnerEvent;
      });
      const { operator } = await startBridge(await place().open(), { runner });
      for (const text of ["1", "2"]) {
        const { task } = await operator.start({ payload: { text }, conversation: "room" });
        await ended(operator, task.id);
      }
      expect(runner.turns.map((turn) => turn.session?.id ?? null)).toEqual([null, "kept"]);
    }
  });

  test("progress is what the runner says, and reaches 1 only with the end", async () => {
    const go = gate();
    const runner = scriptedRunner(async function* () {
      for (const value of [0.25, 7]) yield { type: "progress", value };
      await go.promise;
      yield { type: "end", outcome: "failed", message: "It broke." };
    });
    const { operator } = await startBridge(await place().open(), { runner });
    const { task } = await operator.start({ payload: { text: "x" } });
    await eventually(async () => expect((await operator.task(task.id)).progress).toBe(0.99));
    go.resolve();
    expect((await ended(operator, task.id)).progress).toBe(0.99);
  });

  test("S24 two runs side by side see only their own marks, sessions and answers", async () => {
    const marks = new Set<string>();
    const { operator, runner } = await run(async function* (turn, io) {
      marks.add(JSON.stringify(io.mark));
      expect(io.mark).toMatchObject({ taskId: turn.taskId, attempt: turn.attempt });
      yield session(turn.session?.id ?? turn.taskId);
      yield completed(turn.session?.id ?? "fresh");
    });
    const start = async (conversation: string) => {
      const { task } = await operator.start({ payload: { text: "x" }, conversation });
      return await ended(operator, task.id);
    };
    const [a, b] = await Promise.all([start("a"), start("b")]);
    const [again, other] = await Promise.all([start("a"), start("b")]);
    expect([again?.output?.output, other?.output?.output]).toEqual([a?.id, b?.id]);
    expect(marks.size).toBe(runner.turns.length);
  });
});
