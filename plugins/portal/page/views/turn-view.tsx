import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import { durationText } from "../state/format.ts";
import { openQuestions, type Turn } from "../state/turn.ts";
import { isOver } from "../state/wire.ts";
import { Prose } from "./prose.tsx";
import { QuestionCard } from "./question-card.tsx";
import { TimelineView } from "./timeline-view.tsx";
import { TurnFacts } from "./turn-facts.tsx";
import { usePortal } from "./use-portal.ts";

/** A message, what the agent does with it, and what it answers. */
export const TurnView = memo(
  ({
    turn,
    isQueued,
    isLast,
  }: {
    readonly turn: Turn;
    /** Another task of the conversation is before it. */
    readonly isQueued: boolean;
    readonly isLast: boolean;
  }) => {
    const { task } = turn;
    const isRunning = !isOver(task.status);
    return (
      <article class="turn" data-status={task.status} aria-label={`Task, ${task.status}`}>
        <div class="asked">
          <AskedText text={task.prompt} />
        </div>
        {isRunning ? (
          <>
            <TimelineView turn={turn} />
            {openQuestions(turn).map((question) => (
              <QuestionCard key={question.id} question={question} />
            ))}
          </>
        ) : (
          <Work turn={turn} />
        )}
        <Outcome turn={turn} isLast={isLast} />
        <TurnFacts turn={turn} isQueued={isQueued} />
      </article>
    );
  },
);

/** The most of a message that is shown at once. */
const shownCharacters = 4_000;

function AskedText({ text }: { readonly text: string }) {
  const [isWhole, setIsWhole] = useState(text.length <= shownCharacters);
  return (
    <>
      <p>{cleanText(isWhole ? text : `${text.slice(0, shownCharacters)}…`)}</p>
      {!isWhole && (
        <button type="button" class="button small plain" onClick={() => setIsWhole(true)}>
          Show all
        </button>
      )}
    </>
  );
}

/** What an ended task did: folded, and read only when somebody wants to see it. */
function Work({ turn }: { readonly turn: Turn }) {
  const portal = usePortal();
  const { task, timeline, reading, trouble } = turn;
  const isRead = turn.seq !== null;
  const steps = timeline.items.length + timeline.droppedCount;
  if (isRead && steps === 0) return null;
  const { startedAt, endedAt } = task;
  const spent =
    startedAt === null || endedAt === null
      ? ""
      : ` for ${durationText(Date.parse(endedAt) - Date.parse(startedAt))}`;
  return (
    <details
      class="work"
      onToggle={(event) => {
        if (event.currentTarget.open) void portal.chat.readTurn(task.id);
      }}
    >
      <summary>
        Worked{spent}
        {isRead && steps > 0 && (
          <span class="quiet"> · {steps === 1 ? "1 step" : `${steps} steps`}</span>
        )}
      </summary>
      {trouble !== null && <p class="trouble">{trouble}</p>}
      {!isRead && reading === "whole" ? (
        <p class="quiet">Reading what it did…</p>
      ) : (
        <TimelineView turn={turn} />
      )}
    </details>
  );
}

/** How it ended: the answer, the failure, or that it was cancelled. */
function Outcome({ turn, isLast }: { readonly turn: Turn; readonly isLast: boolean }) {
  const portal = usePortal();
  const { task, answer, attachments } = turn;
  const { status, error } = task;
  const isPartial = status === "failed" || status === "cancelled";
  return (
    <>
      {answer !== null && answer !== "" && (
        <div class="answer" data-partial={isPartial || undefined}>
          {isPartial && <p class="answer-note quiet">What it had said so far:</p>}
          <Prose text={answer} />
          {attachments.length > 0 && (
            <ul class="attachments">
              {attachments.map(({ uri, name }) => (
                <li key={uri}>
                  {name !== null && <span>{cleanText(name)}: </span>}
                  <code>{cleanText(uri)}</code>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      {status === "cancelled" && <p class="ended">Cancelled{byText(turn)}.</p>}
      {status === "failed" && (
        <div class="failure">
          <p class="failure-title">
            The task failed <code>{error?.code}</code>
          </p>
          <p class="failure-text">{cleanText(error?.message ?? "")}</p>
          {error?.code === "interrupted" && isLast && (
            <button type="button" class="button small" onClick={() => void portal.goOn(task)}>
              Go on
            </button>
          )}
        </div>
      )}
    </>
  );
}

const byText = ({ cancelledBy }: Turn): string =>
  cancelledBy === null ? "" : ` by ${cleanText(cancelledBy)}`;
