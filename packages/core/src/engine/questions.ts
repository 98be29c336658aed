import { newId } from "../contract/clock.ts";
import { describeError } from "../contract/errors.ts";
import type { Answer, Question, QuestionText } from "../contract/question.ts";
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

/** Resolves when the question is no longer open; rejects when the signal aborts, or had. */
function closedQuestion(
  attempt: Attempt,
  questionId: string,
  signal: AbortSignal,
): { closed: Promise<Question>; stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<Question>();
  const listening = attempt.onNews((news: ClaimNews) => {
    const { question } = news;
    if (question?.id === questionId && question.state !== "open") resolve(question);
  });
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const stop = (): void => {
    listening[Symbol.dispose]();
    signal.removeEventListener("abort", onAbort);
  };
  return { closed: promise, stop };
}

/**
 * Asks a live question: stored, sent to the person, waited for. Where nobody can be asked, and when the
 * deadline passes, the answer is no.
 *
 * @param of.signal aborts when the attempt is stopped or the turn is over: then the question is void
 */
export async function askLive(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; question: QuestionText; signal: AbortSignal },
): Promise<Answer> {
  const { attempt, writer, question, signal } = of;
  signal.throwIfAborted();
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
  const waiting = closedQuestion(attempt, asked.id, signal);
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
    const { state, answer } = await waiting.closed;
    // Whoever saw first that the deadline has passed: it is recorded once.
    if (state === "expired") await close(writer, asked.id, state);
    return answer ?? decline;
  } catch (error) {
    // A stopped attempt's question is closed with its end.
    if (attempt.stopped === null) await close(writer, asked.id, "void");
    throw error;
  } finally {
    deadline?.stop();
    waiting.stop();
    attempt.isWaiting = false;
  }
}

const close = async (
  writer: TurnWriter,
  questionId: string,
  state: "expired" | "void",
): Promise<void> => await writer.write({ events: [], close: { questionId, state } });

/** Closes a question whose deadline has passed, unless it was answered in the same moment. */
async function expire(
  engine: Engine,
  of: { attempt: Attempt; writer: TurnWriter; questionId: string },
): Promise<void> {
  try {
    await close(of.writer, of.questionId, "expired");
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
