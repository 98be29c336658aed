import { useEffect, useRef, useState } from "preact/hooks";
import { cleanText, oneLine } from "../state/clean-text.ts";
import { isRead } from "../state/detail-updates.ts";
import type { TaskFilter } from "../state/place.ts";
import type { Detail } from "../state/state.ts";
import { openQuestions, type Turn } from "../state/turn.ts";
import { isOver } from "../state/wire.ts";
import { CopyButton } from "./copy-button.tsx";
import { Prose } from "./prose.tsx";
import { QuestionCard } from "./question-card.tsx";
import { RawEvents } from "./raw-events.tsx";
import { StatusMark } from "./status-mark.tsx";
import { TimelineView } from "./timeline-view.tsx";
import { PlaceLink } from "./top-bar.tsx";
import { TurnFacts } from "./turn-facts.tsx";
import { usePortal } from "./use-portal.ts";

/** How often an open task is looked at again. */
const pollMs = 1_500;

/** One task: what it was asked, what it did, and each of its events. */
export function TaskDetail({
  detail,
  filter,
}: {
  readonly detail: Detail;
  readonly filter: TaskFilter;
}) {
  const portal = usePortal();
  const [isRaw, setIsRaw] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const { taskId, turn, isLoading, trouble, atHead } = detail;
  const isFollowed = atHead && !isRead(detail);
  useEffect(() => heading.current?.focus(), [taskId]);
  useEffect(() => {
    if (!isFollowed) return;
    const timer = setInterval(() => {
      if (!document.hidden) void portal.tasks.readDetail();
    }, pollMs);
    return () => clearInterval(timer);
  }, [portal, isFollowed, taskId]);
  return (
    <section class="task-detail" aria-labelledby="detail-title">
      <div class="detail-head">
        <PlaceLink place={{ view: "tasks", taskId: null, filter }} className="button small plain">
          ← All tasks
        </PlaceLink>
        <h2 id="detail-title" ref={heading} tabIndex={-1}>
          {turn === null ? taskId : oneLine(turn.task.prompt, 160) || taskId}
        </h2>
      </div>
      {trouble !== null && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      {turn === null ? (
        isLoading && <p class="quiet">Reading the task…</p>
      ) : (
        <>
          <Facts turn={turn} />
          <Switch isRaw={isRaw} onRaw={setIsRaw} />
          {isRaw ? <RawEvents detail={detail} /> : <Told turn={turn} />}
          {!atHead && detail.next !== null && <More />}
        </>
      )}
    </section>
  );
}

function Switch({
  isRaw,
  onRaw,
}: {
  readonly isRaw: boolean;
  readonly onRaw: (isRaw: boolean) => void;
}) {
  const choices = [
    ["Timeline", false],
    ["Events", true],
  ] as const;
  return (
    <div class="switch" role="group" aria-label="What is shown">
      {choices.map(([name, raw]) => (
        <button
          key={name}
          type="button"
          class="button small"
          aria-pressed={isRaw === raw}
          onClick={() => onRaw(raw)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function More() {
  const { tasks } = usePortal();
  return (
    <p class="detail-more">
      <button type="button" class="button small" onClick={() => void tasks.readDetail()}>
        More events
      </button>
      <button type="button" class="button small plain" onClick={() => void tasks.readRest()}>
        All the rest
      </button>
    </p>
  );
}

function Facts({ turn }: { readonly turn: Turn }) {
  const { task } = turn;
  const rows: readonly (readonly [string, preact.ComponentChildren])[] = [
    ["Status", <StatusMark key="status" status={task.status} />],
    ["Task", <IdText key="id" id={task.id} />],
    ["Kind", task.kind],
    ["Runner", task.runner],
    ["Begun", new Date(task.createdAt).toLocaleString()],
    ["Ended", task.endedAt === null ? "—" : new Date(task.endedAt).toLocaleString()],
    ["Attempt", turn.attempt === 0 ? "—" : String(turn.attempt)],
  ];
  return (
    <dl class="task-table">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {task.conversationId !== null && (
        <div>
          <dt>Conversation</dt>
          <dd>
            <PlaceLink place={{ view: "chat", conversationId: task.conversationId }}>
              Open
            </PlaceLink>
          </dd>
        </div>
      )}
    </dl>
  );
}

const IdText = ({ id }: { readonly id: string }) => (
  <span class="id-text">
    <code>{id}</code>
    <CopyButton text={id} />
  </span>
);

/** The task as the chat tells it. */
function Told({ turn }: { readonly turn: Turn }) {
  const { task, answer } = turn;
  return (
    <div class="turn" data-status={task.status}>
      <div class="asked">
        <p>{cleanText(task.prompt)}</p>
      </div>
      <TimelineView turn={turn} />
      {openQuestions(turn).map((question) => (
        <QuestionCard key={question.id} question={question} />
      ))}
      {answer !== null && answer !== "" && isOver(task.status) && (
        <div class="answer">
          <Prose text={answer} />
        </div>
      )}
      {task.error !== null && (
        <div class="failure">
          <p class="failure-title">
            Failed <code>{task.error.code}</code>
          </p>
          <p class="failure-text">{cleanText(task.error.message)}</p>
        </div>
      )}
      <TurnFacts turn={turn} isQueued={false} />
    </div>
  );
}
