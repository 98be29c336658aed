import * as z from "zod";
import type {
  QuestionText,
  Runner,
  RunnerEvent,
  RunnerHealth,
  Turn,
  TurnIo,
} from "@agent-bridge/core";
import type { Run } from "./referee.ts";
import { never, type SimulatedProcess } from "./process.ts";
import type { World } from "./world.ts";

const ready: RunnerHealth = { ready: true, version: "1", path: null, problems: [] };

const question: QuestionText = { type: "approval", title: "May I?", details: {} };

/** The agents of one process: what they do is thrown by the dice, and told to the referee. */
export interface Agents {
  readonly runners: readonly Runner[];
  /** Kills what is left of one attempt. */
  kill(only: { taskId: string; attempt: number } | undefined): number;
}

type Flavour = "live" | "suspended";

export function agents(world: World, process: SimulatedProcess): Agents {
  const { dice, scheduler, weather, referee } = world;
  const runs = new Map<Run, () => void>();

  /** Waits as an agent works: until the time is over, or it is asked to stop and listens, or it is killed. */
  const work = async (of: {
    ms: number;
    signal: AbortSignal;
    isDeaf: boolean;
    killed: Promise<void>;
  }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const set = scheduler.after(of.ms, { owner: process, label: "", run: resolve });
    if (!of.isDeaf) {
      if (of.signal.aborted) resolve();
      else of.signal.addEventListener("abort", () => resolve(), { once: true });
    }
    await Promise.race([promise, of.killed]);
    set.stop();
  };

  const stepMs = (): number => {
    if (dice.chance(weather.rate("runner", 0.01))) return dice.between(10_000, 40_000);
    if (dice.chance(0.05)) return dice.between(1000, 8000);
    return dice.between(1, 400);
  };

  async function* act(
    flavour: Flavour,
    turn: Turn,
    of: { io: TurnIo; run: Run; killed: Promise<void> },
  ): AsyncGenerator<RunnerEvent, void> {
    const { io, run, killed } = of;
    const { signal } = io;
    const isDeaf = dice.chance(weather.rate("runner", 0.05));
    const isOver = (): boolean => process.isGone || run.isOver || (signal.aborted && !isDeaf);
    const end = (): RunnerEvent => ({ type: "end", outcome: "aborted" });
    if (dice.chance(weather.rate("runner", 0.04)))
      return yield { type: "end", outcome: "failed", message: "busy", retryable: true };
    if (turn.session !== null && dice.chance(weather.rate("runner", 0.05)))
      return yield { type: "end", outcome: "session_gone", message: "it is gone" };
    if (dice.chance(0.85)) {
      const id = turn.session?.id ?? `session-${turn.taskId}`;
      yield { type: "session", session: { id, state: {} } };
    }
    if (isOver()) return yield end();
    await work({ ms: stepMs(), signal, isDeaf, killed });
    if (isOver()) return yield end();
    run.asks();
    await io.begins();
    run.begins();
    if (dice.chance(0.3)) await io.spawned({ pid: run.number, startTime: String(scheduler.time) });
    const steps = dice.between(0, 5);
    for (let step = 0; step < steps; step++) {
      await work({ ms: stepMs(), signal, isDeaf, killed });
      if (isOver()) return yield end();
      yield* something(flavour, step, { io, run });
      if (isOver()) return yield end();
    }
    if (dice.chance(weather.rate("runner", 0.05))) throw new Error("the agent broke");
    if (dice.chance(weather.rate("runner", 0.05)))
      return yield { type: "end", outcome: "failed", message: "it failed", exitCode: 1 };
    if (flavour === "suspended" && turn.answered === null && dice.chance(0.25))
      return yield { type: "end", outcome: "suspended", question, state: { step: steps } };
    yield { type: "end", outcome: "completed", output: `re: ${turn.taskId}` };
  }

  async function* something(
    flavour: Flavour,
    step: number,
    of: { io: TurnIo; run: Run },
  ): AsyncGenerator<RunnerEvent> {
    const { io, run } = of;
    const callId = `${run.number}.${step}`;
    switch (dice.between(0, 6)) {
      case 0:
        return yield { type: "text", text: "so ", delta: true };
      case 1:
        return yield { type: "text", text: "so it is.", delta: false };
      case 2:
        yield { type: "tool_call", callId, name: "shell", input: {} };
        if (!dice.chance(0.2)) yield { type: "tool_result", callId, status: "ok", output: null };
        return;
      case 3:
        return yield { type: "progress", value: step / 10 };
      case 4:
        if (flavour === "live") await io.ask(question);
        return;
      case 5:
        return yield { type: "thinking", text: "hm", delta: true };
      default:
        return yield { type: "notice", level: "info", text: "a word" };
    }
  }

  const runnerOf = (name: string, flavour: Flavour): Runner => ({
    name,
    capabilities: { resume: true, questions: flavour },
    sessionScope: "anywhere",
    options: z.strictObject({}),
    check: async () => await Promise.resolve(ready),
    async *run(turn, io) {
      if (process.isGone) return await never();
      const { promise: killed, resolve: kill } = Promise.withResolvers<void>();
      const run = referee.runBegins(process, turn);
      runs.set(run, kill);
      try {
        yield* act(flavour, turn, { io, run, killed });
      } finally {
        runs.delete(run);
        run.ends();
      }
    },
  });

  return {
    runners: [runnerOf("worker", "live"), runnerOf("thinker", "suspended")],
    kill: (only) => {
      let killed = 0;
      for (const [run, kill] of runs) {
        const isMeant =
          only === undefined || (run.taskId === only.taskId && run.attempt === only.attempt);
        if (!isMeant) continue;
        killed++;
        run.ends();
        kill();
      }
      return killed;
    },
  };
}
