import type { Answer, QuestionText } from "../contract/question.ts";
import type { ProcessRecord, TurnIo } from "../contract/runner.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { askLive } from "./questions.ts";
import { parseQuestion } from "./runner-events.ts";
import type { TurnTimers } from "./turn-timers.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** What a runner may call during one turn. */
export function turnIo(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; timers: TurnTimers },
): TurnIo {
  const { attempt, writer, timers } = of;
  const { taskId, attempt: number } = attempt.claim;
  let begun = attempt.claim.begun;
  let asking: Promise<unknown> = Promise.resolve();

  const ask = async (question: QuestionText): Promise<Answer> => {
    timers.touch();
    try {
      return await askLive(engine, { attempt, writer, question });
    } finally {
      timers.touch();
    }
  };

  return {
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
  };
}
