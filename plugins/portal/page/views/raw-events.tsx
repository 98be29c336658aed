import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { oneLine } from "../state/clean-text.ts";
import type { Detail } from "../state/state.ts";
import type { PortalEvent } from "../state/wire.ts";
import { CopyButton } from "./copy-button.tsx";
import { LongText } from "./long-text.tsx";

/** The task's events as the log has them. */
export function RawEvents({ detail }: { readonly detail: Detail }) {
  const { events, droppedCount } = detail;
  return (
    <div class="raw-events">
      <p class="raw-head">
        <span class="quiet tabular">
          {events.length} events
          {droppedCount > 0 && `, after ${droppedCount} that are no longer held here`}
        </span>
        <CopyButton
          label="Copy all"
          text={() => events.map((event) => JSON.stringify(event)).join("\n")}
        />
      </p>
      <ol>
        {events.map((event) => (
          <RawEvent key={event.seq} event={event} />
        ))}
      </ol>
    </div>
  );
}

const RawEvent = memo(({ event }: { readonly event: PortalEvent }) => {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <li>
      <button
        type="button"
        class="raw-line"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <span class="raw-seq tabular">{event.seq}</span>
        <span class="raw-type">{event.type}</span>
        <span class="raw-data">{oneLine(JSON.stringify(event.data).slice(0, 600), 160)}</span>
        <time class="tabular quiet" dateTime={event.at}>
          {event.at.slice(11, 19)}
        </time>
      </button>
      {isOpen && (
        <div class="raw-more">
          <LongText text={JSON.stringify(event, null, 2)} label={`Event ${event.seq}`} />
          <CopyButton text={() => JSON.stringify(event, null, 2)} />
        </div>
      )}
    </li>
  );
});
