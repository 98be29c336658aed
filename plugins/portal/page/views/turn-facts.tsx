import { cleanText } from "../state/clean-text.ts";
import { countText, durationText } from "../state/format.ts";
import { noFilter } from "../state/place.ts";
import type { Turn } from "../state/turn.ts";
import { isOver } from "../state/wire.ts";
import { CopyButton } from "./copy-button.tsx";
import { PlaceLink } from "./top-bar.tsx";
import { useNow, usePortal } from "./use-portal.ts";

/** After so long without an event it is said how long ago the last one was. */
const quietMs = 5_000;

/** The line below a task: where it stands, how long it takes, what it costs; and the way to stop it. */
export function TurnFacts({ turn, isQueued }: { readonly turn: Turn; readonly isQueued: boolean }) {
  const { task } = turn;
  return (
    <footer class="facts">
      {isOver(task.status) ? null : <OpenFacts turn={turn} isQueued={isQueued} />}
      <Numbers turn={turn} />
      {turn.replyNote !== null && <span class="quiet">{cleanText(turn.replyNote)}</span>}
      <span class="facts-actions">
        {!isOver(task.status) && <StopButton turn={turn} />}
        {isOver(task.status) && turn.answer !== null && <CopyButton text={turn.answer} />}
        <PlaceLink
          place={{ view: "tasks", taskId: task.id, filter: noFilter }}
          className="button small plain"
        >
          Events
        </PlaceLink>
      </span>
    </footer>
  );
}

const phrases = {
  pending: "Waits for its turn",
  running: "Works",
  input_required: "Waits for your decision",
} as const;

function OpenFacts({ turn, isQueued }: { readonly turn: Turn; readonly isQueued: boolean }) {
  const { task, lastAt, cancelledBy } = turn;
  const now = useNow(true);
  const since = Date.parse(task.startedAt ?? task.createdAt);
  const sinceEvent = lastAt === null ? 0 : now - Date.parse(lastAt);
  const status = task.status as keyof typeof phrases;
  const phrase =
    cancelledBy !== null
      ? "Stopping"
      : isQueued
        ? "Waits for the message before it"
        : phrases[status];
  return (
    <>
      <span class="phase" data-status={task.status}>
        <span class="dot" aria-hidden="true" />
        {phrase}
      </span>
      <span class="tabular quiet" title="Since it began">
        {durationText(now - since)}
      </span>
      {status === "running" && sinceEvent > quietMs && (
        <span class="tabular quiet">last event {durationText(sinceEvent)} ago</span>
      )}
    </>
  );
}

function Numbers({ turn }: { readonly turn: Turn }) {
  const { usage, attempt, task } = turn;
  return (
    <>
      {attempt > 1 && <span class="quiet">attempt {attempt}</span>}
      {usage !== null && (
        <span
          class="tabular quiet"
          title={`${usage.inputTokens} in, of them ${usage.cachedInputTokens} cached; ${usage.outputTokens} out, of them ${usage.reasoningTokens} reasoning`}
        >
          {countText(usage.inputTokens + usage.outputTokens)} tokens
        </span>
      )}
      <span class="quiet">{task.runner}</span>
    </>
  );
}

function StopButton({ turn }: { readonly turn: Turn }) {
  const portal = usePortal();
  return (
    <button
      type="button"
      class="button small"
      disabled={turn.cancelledBy !== null}
      onClick={() => void portal.cancel(turn.task.id)}
    >
      Stop
    </button>
  );
}
