import { describeError } from "../contract/errors.ts";
import type { Attempt } from "./attempt.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** How long the sweep of one attempt may take. */
const sweepMs = 3000;

/**
 * Ends what an attempt has left behind; what can not be ended is told in the task's events. Knows the
 * processes without the store, which may be the very thing that does not answer. Never rejects.
 */
export async function sweepAttempt(
  engine: Engine,
  attempt: Attempt,
  writer: TurnWriter,
): Promise<void> {
  const { taskId, attempt: number } = attempt.claim;
  const only = { taskId, attempt: number };
  const recorded = attempt.processes.map((process) => ({ ...process, ...only }));
  const bounds = {
    what: "The sweep of a task's processes",
    // Not the attempt's own signal: it has aborted, and the sweep is what follows.
    signal: new AbortController().signal,
    limitMs: sweepMs,
  };
  let problem: string | null;
  try {
    const { survivors } = await boundedCall(
      engine.clock,
      bounds,
      async (signal) => await engine.sweeper.sweep({ recorded, only, signal }),
    );
    problem = survivors.length === 0 ? null : survivors.join(", ");
  } catch (error) {
    problem = describeError(error);
  }
  if (problem === null) return;
  const text = `Processes of this task could not be ended: ${problem}`;
  engine.logger.error(text, { taskId });
  await writer.write({ events: [{ type: "turn.notice", data: { level: "warning", text } }] });
}
