import { defineRunner, type Logger, type Runner, type RunnerEvent } from "@agent-bridge/core";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { contained } from "../src/plugins/contained.ts";
import { PluginCalls } from "../src/plugins/plugin-calls.ts";
import { createLogger } from "../src/log/logger.ts";
import { divertOutput, ownStdout } from "../src/plugins/plugin-output.ts";

type Run = Runner["run"];

function runnerWith(parts: Partial<Runner>): Runner {
  return defineRunner({
    name: "part",
    capabilities: { resume: false, questions: "none" },
    sessionScope: "anywhere",
    options: z.unknown(),
    check: () => Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
    async *run() {
      yield { type: "end", outcome: "completed", output: "" };
    },
    ...parts,
  });
}

const of = (calls: PluginCalls) => ({ plugin: "./mine", is: "runner", calls });

/** What a runner gets that a test does not look at. */
const nothing = [{}, {}] as unknown as Parameters<Run>;
const aborted = [{}, { signal: AbortSignal.abort() }] as unknown as Parameters<Run>;

async function drained(events: AsyncIterable<RunnerEvent>): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

test("a part stays what it is: frozen, of a class with private fields, without what it does not have", async () => {
  class Own {
    readonly name = "own";
    readonly #secret = "kept";
    async dispose(): Promise<void> {
      if (this.#secret !== "kept") throw new Error("lost");
    }
  }
  const calls = new PluginCalls();
  const part = contained(Object.freeze(Object.assign(runnerWith({}), new Own())), of(calls));
  expect(part.name).toBe("own");
  expect(part.limits).toBeUndefined();
  expect("limits" in part).toBe(false);
  const classed = contained(new Own(), of(calls));
  await expect(classed.dispose()).resolves.toBeUndefined();
  expect(calls.thrownBy("./mine")).toEqual({ count: 0, last: null });
});

test("every step of a run is the plugin's, also what it starts and what comes after a wait", async () => {
  const calls = new PluginCalls();
  const seen: (string | undefined)[] = [];
  const look = (): void => void seen.push(calls.current?.what);
  const timer = Promise.withResolvers<void>();
  const part = contained(
    runnerWith({
      async *run() {
        look();
        setTimeout(() => {
          look();
          timer.resolve();
        }, 0);
        await timer.promise;
        look();
        yield { type: "end", outcome: "completed", output: "" };
      },
    }),
    of(calls),
  );
  await drained(part.run(...nothing));
  expect(seen).toEqual(["runner part.run", "runner part.run", "runner part.run"]);
  expect([calls.current, calls.open]).toEqual([undefined, []]);
});

test("what is thrown goes on to the caller and is counted, but not after an abort", async () => {
  const calls = new PluginCalls();
  const fails = (): never => {
    throw new Error("a bug");
  };
  const part = contained(
    runnerWith({
      limits: fails,
      check: async () => fails(),
      // oxlint-disable-next-line require-yield -- it never gets there
      async *run() {
        return fails();
      },
    }),
    of(calls),
  );
  expect(() => part.limits?.({})).toThrowError("a bug");
  await expect(part.check(new AbortController().signal)).rejects.toThrowError("a bug");
  await expect(drained(part.run(...nothing))).rejects.toThrowError("a bug");
  await expect(drained(part.run(...aborted))).rejects.toThrowError("a bug");
  expect(calls.thrownBy("./mine")).toEqual({ count: 3, last: "runner part.run: a bug" });
  expect(calls.thrownBy("./other").count).toBe(0);
});

test("leaving a run early lets the plugin clean up", async () => {
  const calls = new PluginCalls();
  let isCleaned = false;
  const part = contained(
    runnerWith({
      async *run() {
        try {
          yield { type: "thinking", text: "…", delta: false };
          yield { type: "end", outcome: "completed", output: "" };
        } finally {
          isCleaned = true;
        }
      },
    }),
    of(calls),
  );
  for await (const _ of part.run(...nothing)) break;
  expect(isCleaned).toBe(true);
});

test("the calls that are open can be told while they are", async () => {
  const calls = new PluginCalls();
  const gate = Promise.withResolvers<void>();
  const part = contained(
    runnerWith({
      check: async () => {
        await gate.promise;
        return { ready: true, version: null, path: null, problems: [] };
      },
    }),
    of(calls),
  );
  const checking = part.check(new AbortController().signal);
  expect(calls.open).toEqual([{ plugin: "./mine", what: "runner part.check" }]);
  gate.resolve();
  await checking;
  await expect.poll(() => calls.open).toEqual([]);
});

test("a flood of prints is not logged whole, its size is told, and the program's own output goes its way", async () => {
  const lines: [string, unknown][] = [];
  const at = (message: string, data?: unknown): void => void lines.push([message, data]);
  const logger: Logger = { debug: at, info: at, warn: at, error: at };
  const before = process.stdout.write;
  const passed: string[] = [];
  process.stdout.write = ((text: string) => passed.push(text)) as never;
  onTestFinished(() => void (process.stdout.write = before));
  const calls = new PluginCalls();
  const diverted = divertOutput(logger, calls);
  const done = Promise.withResolvers<void>();
  calls.enter({ plugin: "./mine", what: "create" }, () => {
    for (let count = 0; count < 500; count++) process.stdout.write(`line ${count}\n`);
    process.stdout.write(Buffer.from("last\n"), () => done.resolve());
  });
  await done.promise;
  ownStdout().write("an answer\n");
  diverted[Symbol.dispose]();
  process.stdout.write("after\n");
  expect(passed).toEqual(["an answer\n", "after\n"]);
  expect(lines[0]).toEqual(["Printed by a plugin", { plugin: "./mine", text: "line 0" }]);
  expect(lines.length).toBeLessThan(200);
  const told = lines.map(([, data]) => (data as { dropped?: number }).dropped ?? 1);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(501);
});

test("a secret that a plugin prints in pieces, to stdout or stderr, is not logged", () => {
  const written: string[] = [];
  const secrets = new Set(["hunter-two-and-three"]);
  const write = (line: string): void => void written.push(line);
  const calls = new PluginCalls();
  const diverted = divertOutput(createLogger({ style: "json", secrets, write }), calls);
  calls.enter({ plugin: "./mine", what: "create" }, () => {
    for (const name of ["stdout", "stderr"] as const) {
      for (const piece of ["a key: hunt", "er-two", "-and-three", "; more\n"])
        process[name].write(piece);
      process[name].write(`${"x".repeat(5000)}hunter-two-and-three`);
    }
  });
  diverted[Symbol.dispose]();
  const texts = written.map((line) => (JSON.parse(line) as { text: string }).text);
  expect(texts.filter((text) => text === "a key: [secret]; more")).toHaveLength(2);
  expect(texts).toHaveLength(4);
  expect(written.join("")).not.toMatch(/hunt|and-three/);
});
