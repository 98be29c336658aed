import type { JsonObject, Runner, RunnerEvent, Turn, TurnIo } from "@agent-bridge/core";
import * as z from "zod";

/** A step of a script: something that the agent says, or something that it waits for. */
export type Act =
  | RunnerEvent
  /** Waits until the test lets it go on, or the turn is aborted. */
  | { readonly type: "pause" }
  | { readonly type: "throw"; readonly message: string }
  | { readonly type: "ask"; readonly title?: string; readonly details?: JsonObject };

/** An agent that does what a test says. */
export interface ScriptedAgent extends Runner {
  /** What the next turns do, one after another; the last one is repeated. */
  script(...turns: readonly (readonly Act[])[]): void;
  /** Lets every turn that pauses go on. */
  goOn(): void;
  /** How many turns pause now. */
  readonly paused: number;
  readonly prompts: readonly string[];
}

export const thinking = (text: string): Act => ({ type: "thinking", text, delta: false });
export const said = (text: string): Act => ({ type: "text", text, delta: false });
export const completed = (output: string): Act => ({ type: "end", outcome: "completed", output });
export const pause: Act = { type: "pause" };

/** Makes an agent that thinks and answers until it is told to do otherwise. */
export function scriptedAgent(name = "scripted"): ScriptedAgent {
  let turns: readonly (readonly Act[])[] = [[thinking("hm"), completed("done")]];
  let count = 0;
  const waiting = new Set<() => void>();
  const prompts: string[] = [];
  const wait = async (signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    waiting.add(resolve);
    await promise;
    waiting.delete(resolve);
  };
  async function* run(turn: Turn, io: TurnIo): AsyncIterable<RunnerEvent> {
    prompts.push(turn.prompt);
    yield { type: "session", session: { id: turn.session?.id ?? turn.taskId, state: {} } };
    await io.begins();
    const acts = turns[Math.min(count++, turns.length - 1)] ?? [];
    for (const act of acts) {
      if (act.type === "pause") await wait(io.signal);
      else if (act.type === "throw") throw new Error(act.message);
      else if (act.type === "ask") {
        const { action } = await io.ask({
          type: "approval",
          title: act.title ?? "Run it?",
          details: act.details ?? { run: "ls" },
        });
        yield { type: "text", text: `answered ${action}`, delta: false };
      } else yield act;
      if (io.signal.aborted) break;
    }
    if (io.signal.aborted) yield { type: "end", outcome: "aborted" };
  }
  return {
    name,
    capabilities: { resume: true, questions: "live" },
    sessionScope: "anywhere",
    options: z.strictObject({}),
    check: async () =>
      await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
    run,
    script: (...acts) => {
      turns = acts;
      count = 0;
    },
    goOn: () => {
      for (const resolve of waiting) resolve();
    },
    get paused() {
      return waiting.size;
    },
    prompts,
  };
}
