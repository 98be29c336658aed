import { defineRunner, type Runner, type RunnerEnd } from "@agent-bridge/core";
import * as z from "zod";

/** What the agent does in one turn. */
export interface ScriptedTurn {
  readonly text: string;
  readonly sessionId: string | null;
  /** Given: the turn fails with `text` and this exit code. */
  readonly exitCode?: number;
  /** Milliseconds that the turn takes. */
  readonly takesMs?: number;
  /** The session that the turn was given is gone. */
  readonly sessionGone?: boolean;
}

/** An agent named `codex` that follows a script and records what it was asked. */
export interface ScriptedRunner {
  readonly runner: Runner;
  /** (prompt, session) of each call, in order. */
  readonly calls: [string, string | null][];
}

const endOf = (turn: ScriptedTurn): RunnerEnd => {
  if (turn.sessionGone === true) {
    return { type: "end", outcome: "session_gone", message: "no rollout found for the session" };
  }
  return turn.exitCode === undefined
    ? { type: "end", outcome: "completed", output: turn.text }
    : { type: "end", outcome: "failed", message: turn.text, exitCode: turn.exitCode };
};

export function scriptedRunner(script: readonly ScriptedTurn[]): ScriptedRunner {
  const calls: [string, string | null][] = [];
  const left = [...script];
  const runner = defineRunner({
    name: "codex",
    capabilities: { resume: true, questions: "none" },
    sessionScope: "machine",
    options: z.strictObject({}),
    check: async () =>
      await Promise.resolve({
        ready: true,
        version: "1.2.3",
        path: "/usr/bin/codex",
        problems: [],
      }),
    async *run(turn, io) {
      calls.push([turn.prompt, turn.session?.id ?? null]);
      const next = left.shift() ?? { text: "(nothing more in the script)", sessionId: null };
      await io.begins();
      if (next.sessionId !== null)
        yield { type: "session", session: { id: next.sessionId, state: {} } };
      if (next.takesMs !== undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, next.takesMs);
        io.signal.addEventListener("abort", () => resolve(), { once: true });
        await promise;
        clearTimeout(timer);
        if (io.signal.aborted) return yield { type: "end", outcome: "aborted" };
      }
      yield endOf(next);
    },
  });
  return { runner, calls };
}
