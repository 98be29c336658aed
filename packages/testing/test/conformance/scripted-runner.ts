import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import {
  jsonObjectSchema,
  type JsonObject,
  type Runner,
  type RunnerEnd,
  type RunnerEvent,
  type Turn,
  type TurnIo,
} from "@agent-bridge/core";
import type { RunnerConformance } from "../../src/conformance/runner/index.ts";

type Options = JsonObject;

const optionsSchema = jsonObjectSchema.refine((options) => Object.keys(options).length === 0);

/** What can be done wrong by a runner that otherwise keeps the contract. */
export interface Faults {
  /** Changes what the runner tells. */
  readonly events?: (events: AsyncIterable<RunnerEvent>) => AsyncIterable<RunnerEvent>;
  /** Spawns before it has announced it. */
  readonly earlySpawn?: boolean;
  /** Does not end its process. */
  readonly leavesProcess?: boolean;
  /** Goes on for so long after an abort. */
  readonly slowMs?: number;
  /** Mixes up the sessions of turns side by side. */
  readonly sharedSession?: boolean;
  /** Counts the tokens of the whole session. */
  readonly countsAll?: boolean;
  /** Does what was declined. */
  readonly ignoresNo?: boolean;
  /** Ends its turn to ask, as it should when it is said to suspend. */
  readonly suspends?: boolean;
  /** Does what it asks about before it is answered. */
  readonly actsFirst?: boolean;
  /** Begins anew when it is answered. */
  readonly forgetsQuestion?: boolean;
}

/** A runner without a model, that does what its prompt says, with a child process of its own for each turn. */
export function scriptedRunner(faults: Faults = {}): Runner<Options> {
  let count = 0;
  return {
    name: "scripted",
    capabilities: { resume: true, questions: faults.suspends ? "suspended" : "live" },
    sessionScope: "machine",
    options: optionsSchema,
    check: () => Promise.resolve({ ready: true, version: "1", path: null, problems: [] }),
    run: (turn, io) => {
      const id =
        turn.session?.id ??
        (faults.sharedSession ? "session" : `session-${io.mark.stateId}-${count++}`);
      const events = conduct({ turn, io, faults, id });
      return faults.events?.(events) ?? events;
    },
  };
}

interface Work {
  readonly turn: Turn<Options>;
  readonly io: TurnIo;
  readonly faults: Faults;
  readonly id: string;
}

async function* conduct(work: Work): AsyncGenerator<RunnerEvent> {
  const { turn, io, faults, id } = work;
  const refusal = await begin(work);
  if (refusal !== undefined) {
    yield refusal;
    return;
  }
  const { stateId, taskId, attempt } = io.mark;
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
    env: { RUN: `${stateId}:${taskId}:${attempt}` },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  try {
    if (faults.earlySpawn) await io.begins();
    await io.spawned({ pid: child.pid as number, startTime: "1" });
    const turns = Number(turn.session?.state["turns"] ?? 0) + 1;
    yield { type: "session", session: { id, state: { turns } } };
    yield* act(work, turns);
  } finally {
    if (io.signal.aborted && faults.slowMs !== undefined) {
      await setTimeout(faults.slowMs, undefined, { ref: false });
    }
    if (!faults.leavesProcess) {
      child.kill("SIGKILL");
      await exited;
    } else child.unref();
  }
  yield endOf(work);
}

/** @returns how the turn ends where it does not begin */
async function begin({ io, id, faults }: Work): Promise<RunnerEnd | undefined> {
  if (io.signal.aborted) return { type: "end", outcome: "aborted" };
  if (id === "gone") return { type: "end", outcome: "session_gone", message: "no such" };
  try {
    if (!faults.earlySpawn) await io.begins();
    return undefined;
  } catch (error) {
    return { type: "end", outcome: "failed", message: String(error) };
  }
}

async function* act({ turn, io, faults }: Work, turns: number): AsyncGenerator<RunnerEvent> {
  const [name = "", word = ""] = turn.prompt.split(" ");
  if (name === "think") yield { type: "thinking", text: "hmm", delta: false };
  if (name === "tool" || name === "endlessTool") {
    yield { type: "tool_call", callId: "1", name: "work", input: null };
    if (name === "endlessTool") await aborted(io.signal);
    const status = name === "endlessTool" ? "cancelled" : word === "0" ? "ok" : "error";
    yield { type: "tool_result", callId: "1", status, output: null };
  }
  if (name === "change") yield { type: "file_change", path: "/tmp/x", change: "add" };
  const isAnswered = turn.answered !== null && !faults.forgetsQuestion;
  if (name === "ask" && faults.suspends) {
    if (turn.answered?.answer.action === "accept" || faults.ignoresNo || faults.actsFirst) {
      yield { type: "tool_call", callId: "1", name: "rm", input: null };
      yield { type: "tool_result", callId: "1", status: "ok", output: null };
    }
    if (!isAnswered) return;
  } else if (name === "ask") {
    const details = { command: "rm" };
    const bindsTo = "0".repeat(64);
    const question = io.ask({ type: "approval", title: "Run rm", details, bindsTo });
    const answer = await Promise.race([question, aborted(io.signal)]);
    if (answer?.action === "accept" || faults.ignoresNo) {
      yield { type: "tool_call", callId: "1", name: "rm", input: null };
      yield { type: "tool_result", callId: "1", status: "ok", output: null };
    }
  }
  if (name === "endless") yield { type: "text", text: "begun", delta: true };
  if (name === "endless" || name === "silence") await aborted(io.signal);
  if (io.signal.aborted || name === "fail") return;
  yield { type: "text", text: answerTo(turn.prompt), delta: false };
  const tokens = faults.countsAll ? turns * 10 : 10;
  const usage = { inputTokens: tokens, cachedInputTokens: 0, outputTokens: tokens };
  yield { type: "usage", ...usage, reasoningTokens: 0 };
}

function endOf({ turn, io, faults }: Work): RunnerEnd {
  if (io.signal.aborted) return { type: "end", outcome: "aborted" };
  const isAnswered = turn.answered !== null && !faults.forgetsQuestion;
  if (faults.suspends && turn.prompt === "ask" && !isAnswered) {
    const question = { type: "approval" as const, title: "Run rm", details: { command: "rm" } };
    const bindsTo = "0".repeat(64);
    return { type: "end", outcome: "suspended", question: { ...question, bindsTo }, state: "rm" };
  }
  if (turn.prompt === "fail") return { type: "end", outcome: "failed", message: "it refused" };
  return { type: "end", outcome: "completed", output: answerTo(turn.prompt) };
}

function answerTo(prompt: string): string {
  return prompt.startsWith("echo ") ? prompt.slice(5) : "done";
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, "abort");
  return undefined;
}

/** What the suite is told about the scripted runner. */
export function aboutScripted(faults: Faults = {}): RunnerConformance<Options> {
  return {
    name: "scripted",
    make: () => scriptedRunner(faults),
    options: {},
    capabilities: { resume: true, questions: faults.suspends ? "suspended" : "live" },
    prompts: {
      echo: (word) => `echo ${word}`,
      thinking: "think",
      toolOk: "tool 0",
      toolFails: "tool 1",
      fileChange: "change",
      failure: "fail",
      silence: "silence",
      endlessText: "endless",
      endlessTool: "endlessTool",
      question: "ask",
    },
    goneSession: { id: "gone", state: {} },
    abortMs: 1_000,
    turnMs: 2_000,
  };
}
