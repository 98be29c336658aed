import type { RunAccessGrant } from "../contract/bridge.ts";
import type { Answer, QuestionText } from "../contract/question.ts";
import type { BridgeServer, ProcessRecord, TurnIo } from "../contract/runner.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { askLive } from "./questions.ts";
import { parseQuestion } from "./runner-events.ts";
import type { TurnTimers } from "./turn-timers.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** What a runner may call during one turn. */
export interface OpenTurnIo {
  readonly io: TurnIo;
  /** The turn is over: what it still asks is void, and is recorded as that. */
  end(): Promise<void>;
}

export function turnIo(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; timers: TurnTimers },
): OpenTurnIo {
  const { attempt, writer, timers } = of;
  const over = new AbortController();
  const onStop = (): void => over.abort(attempt.signal.reason);
  if (attempt.signal.aborted) onStop();
  else attempt.signal.addEventListener("abort", onStop, { once: true });
  const { taskId, attempt: number } = attempt.claim;
  // Also where an earlier attempt had begun: the write is what finds out that the task is another's by now.
  let begun = false;
  let asking: Promise<unknown> = Promise.resolve();
  const access = openAccess(engine, taskId);

  const ask = async (question: QuestionText): Promise<Answer> => {
    timers.touch();
    try {
      return await askLive(engine, { attempt, writer, question, signal: over.signal });
    } finally {
      timers.touch();
    }
  };

  const io: TurnIo = {
    signal: attempt.signal,
    logger: engine.logger,
    mark: { stateId: engine.stateId, taskId, attempt: number },
    begins: async () => {
      attempt.signal.throwIfAborted();
      if (!begun) await writer.write({ events: [], begins: true });
      attempt.signal.throwIfAborted();
      begun = true;
    },
    spawned: async (process: ProcessRecord) => {
      attempt.processes.push(process);
      await writer.write({ events: [], process });
      await engine.failpoint("spawn.after");
      attempt.signal.throwIfAborted();
    },
    // One question at a time: a person answers the one that is open.
    ask: async (question) => {
      const parsed = parseQuestion(question);
      const answer = asking.then(async () => await ask(parsed));
      asking = answer.catch(() => undefined);
      return await answer;
    },
    ...(access === undefined ? {} : { access: () => access.server() }),
  };
  return {
    io,
    end: async () => {
      attempt.signal.removeEventListener("abort", onStop);
      over.abort(new Error("The turn is over."));
      access?.[Symbol.dispose]();
      await asking;
    },
  };
}

/** Access to the bridge for one turn, given when it is first asked for; undefined where there is none. */
function openAccess(
  { runAccess }: Engine,
  taskId: string,
): (Disposable & { server(): BridgeServer }) | undefined {
  if (runAccess === undefined) return undefined;
  let grant: RunAccessGrant | undefined;
  let isOver = false;
  return {
    server: () => {
      if (isOver) throw new TypeError("The turn is over.");
      grant ??= runAccess.grant(taskId);
      return grant.server;
    },
    [Symbol.dispose]: () => {
      isOver = true;
      grant?.[Symbol.dispose]();
    },
  };
}
