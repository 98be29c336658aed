import { newId } from "../contract/clock.ts";
import { describeError } from "../contract/errors.ts";
import type { Answer, QuestionText } from "../contract/question.ts";
import type { ClaimNews, NewQuestion } from "../contract/work.ts";
import type { Attempt } from "./attempt.ts";
import type { Engine } from "./engine.ts";
import { questionMessage } from "./texts.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** What "no" looks like when nobody said it. */
const decline: Answer = { action: "decline" };

/** A question as it is stored: with an id, a deadline, and what the person is sent. */
export function newQuestion(engine: Engine, attempt: Attempt, question: QuestionText): NewQuestion {
  const { hasDestination, task } = attempt.claim;
  return {
    ...question,
    id: newId("question", engine.random),
    deadlineMs: engine.limits.questionMs,
    text: hasDestination ? questionMessage(task.runner, question) : null,
  };
}

/** Resolves when the question is no longer open; rejects when the attempt is stopped, or was. */
function closedQuestion(
  attempt: Attempt,
  questionId: string,
): { closed: Promise<Answer>; stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const listening = attempt.onNews((news: ClaimNews) => {
    const { question } = news;
    if (question?.id === questionId && question.state !== "open")
      resolve(question.answer ?? decline);
  });
  const onAbort = (): void => reject(attempt.signal.reason);
  if (attempt.signal.aborted) onAbort();
  else attempt.signal.addEventListener("abort", onAbort, { once: true });
  const stop = (): void => {
    listening[Symbol.dispose]();
    attempt.signal.removeEventListener("abort", onAbort);
  };
  return { closed: promise, stop };
}

/**
 * Asks a live question: stored, sent to the person, waited for. Where nobody can be asked, and when the
 * deadline passes, the answer is no.
 */
export async function askLive(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; question: QuestionText },
): Promise<Answer> {
  const { attempt, writer, question } = of;
  attempt.signal.throwIfAborted();
  if (attempt.claim.questions === "decline") {
    await writer.write({
      events: [
        {
          type: "turn.notice",
          data: {
            level: "info",
            text: `Declined, because nobody can be asked here: ${question.title}`,
          },
        },
      ],
    });
    return decline;
  }
  const asked = newQuestion(engine, attempt, question);
  const waiting = closedQuestion(attempt, asked.id);
  // Whoever loses the race below must not become an unhandled rejection.
  waiting.closed.catch(() => undefined);
  let deadline: { stop(): void } | undefined;
  try {
    await writer.write({ events: [], ask: asked });
    attempt.isWaiting = true;
    deadline = engine.clock.timer(
      engine.limits.questionMs,
      () => void expire(engine, { attempt, writer, questionId: asked.id }),
    );
    return await waiting.closed;
  } finally {
    deadline?.stop();
    waiting.stop();
    attempt.isWaiting = false;
  }
}

/** Closes a question whose deadline has passed, unless it was answered in the same moment. */
async function expire(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; questionId: string },
): Promise<void> {
  try {
    await of.writer.write({ events: [], close: { questionId: of.questionId, state: "expired" } });
    await lookAgain(engine, of.attempt);
  } catch (error) {
    // The regular look at the news finds the closed question all the same.
    engine.logger.warn("Could not look at an expired question", { error: describeError(error) });
  }
}

/** Asks the store for the news of an attempt now. */
export async function lookAgain(engine: Engine, attempt: Attempt): Promise<void> {
  const [news] = await engine.store.work.news([attempt.claim]);
  if (news !== undefined) attempt.take(news);
}
