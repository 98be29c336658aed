import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import { noFilter } from "../state/place.ts";
import {
  failuresIn,
  groupText,
  groupTimeline,
  type TimelineGroup,
} from "../state/timeline-groups.ts";
import type { TimelineItem } from "../state/timeline.ts";
import type { Turn } from "../state/turn.ts";
import { isOver } from "../state/wire.ts";
import { Prose } from "./prose.tsx";
import { StepView } from "./step-view.tsx";
import { PlaceLink } from "./top-bar.tsx";

/** What an agent did, in order: steps in groups, of which the newest is open while it works. */
export function TimelineView({ turn }: { readonly turn: Turn }) {
  const { timeline, task } = turn;
  const groups = groupTimeline(timeline.items);
  const isRunning = !isOver(task.status);
  const newest = timeline.items.at(-1);
  const isSpeaking = newest?.type === "text" && newest.isProvisional;
  if (groups.length === 0 && timeline.droppedCount === 0)
    return isRunning && turn.task.status === "running" ? <Pulse /> : null;
  return (
    <div class="timeline">
      {timeline.droppedCount > 0 && (
        <p class="quiet dropped">
          {timeline.droppedCount} earlier steps are not shown here.{" "}
          <PlaceLink place={{ view: "tasks", taskId: task.id, filter: noFilter }}>
            See all events
          </PlaceLink>
        </p>
      )}
      {groups.map((group, place) => (
        <GroupView
          key={group.key}
          group={group}
          isNewest={isRunning && place === groups.length - 1}
        />
      ))}
      {isRunning && task.status === "running" && !isSpeaking && <Pulse />}
    </div>
  );
}

const Pulse = () => (
  <div class="pulse" aria-hidden="true">
    <span />
    <span />
    <span />
  </div>
);

function GroupView({
  group,
  isNewest,
}: {
  readonly group: TimelineGroup;
  readonly isNewest: boolean;
}) {
  if (group.type === "single") return <SingleView item={group.item} />;
  return <StepsView items={group.items} isNewest={isNewest} />;
}

/** How many steps of a closed group are worth a group at all. */
const fewest = 2;

function StepsView({
  items,
  isNewest,
}: {
  readonly items: readonly TimelineItem[];
  readonly isNewest: boolean;
}) {
  const [wish, setWish] = useState<boolean | null>(null);
  const isOpen = wish ?? isNewest;
  const failures = failuresIn(items);
  if (items.length < fewest && wish === null)
    return (
      <ol class="steps">
        {items.map((item) => (
          <StepView key={item.seq} item={item} />
        ))}
      </ol>
    );
  return (
    <div class="step-group">
      <button
        type="button"
        class="step-group-button"
        aria-expanded={isOpen}
        onClick={() => setWish(!isOpen)}
      >
        <span class="chevron" aria-hidden="true" />
        <span>{groupText(items)}</span>
        {failures > 0 && <span class="bad">{failures} failed</span>}
      </button>
      {isOpen && (
        <ol class="steps">
          {items.map((item) => (
            <StepView key={item.seq} item={item} />
          ))}
        </ol>
      )}
    </div>
  );
}

const causes: Readonly<Record<string, string>> = {
  recovered: "taken over after the bridge was interrupted",
  released: "goes on after the bridge was stopped",
  answered: "goes on with the answer",
  new: "begun again",
};

const SingleView = memo(({ item }: { readonly item: TimelineItem }) => {
  switch (item.type) {
    case "text":
      return (
        <div class="said" data-provisional={item.isProvisional || undefined}>
          <Prose text={item.text} />
        </div>
      );
    case "plan":
      return (
        <ul class="plan" aria-label="Plan">
          {item.steps.map(({ text, status }, place) => (
            <li key={place} data-status={status}>
              <span class="plan-mark" aria-hidden="true" />
              <span>{cleanText(text)}</span>
              <span class="unseen"> ({status})</span>
            </li>
          ))}
        </ul>
      );
    case "attempt":
      return (
        <p class="attempt quiet">
          Attempt {item.attempt}: {causes[item.cause] ?? item.cause}
        </p>
      );
    case "question":
      return item.outcome === null ? null : (
        <p class="asked-before">
          <span class="bullet" data-action={outcomeOf(item.outcome)} aria-hidden="true" />
          <span>
            {cleanText(item.title)} <span class="quiet">— {outcomeText(item.outcome)}</span>
          </span>
        </p>
      );
    case "notice":
      return (
        <p class="notice" data-level={item.level}>
          {cleanText(item.text)}
        </p>
      );
    case "thinking":
    case "tool":
    case "file":
      return null;
  }
});

type Outcome = NonNullable<Extract<TimelineItem, { type: "question" }>["outcome"]>;

const outcomeOf = ({ state, action }: Outcome): string => (state === "answered" ? action : state);

function outcomeText({ state, action, by }: Outcome): string {
  if (state === "expired") return "nobody answered in time: declined";
  if (state === "void") return "the agent was gone before an answer";
  return `${action === "accept" ? "accepted" : "declined"}${by === null ? "" : ` by ${cleanText(by)}`}`;
}
