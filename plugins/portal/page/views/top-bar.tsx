import { noFilter, placeText, type Place } from "../state/place.ts";
import type { State } from "../state/state.ts";
import { usePortal } from "./use-portal.ts";

const phases = {
  connecting: "Connecting",
  open: "Connected",
  waiting: "Not connected",
  "signed-out": "Signed out",
} as const;

/** The name, the two views, and how the connection stands. */
export function TopBar({ state, isBare }: { readonly state: State; readonly isBare: boolean }) {
  const { link, place, chat, list, principal } = state;
  const chatPlace: Place = { view: "chat", conversationId: chat.conversationId };
  const tasksPlace: Place = { view: "tasks", taskId: null, filter: list.filter ?? noFilter };
  return (
    <header class="top-bar">
      <span class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 23V20C8 11 24 11 29 20V23M10 15.4V23M16 13.4V23M22 15.4V23" />
        </svg>
        <span>agent-bridge</span>
      </span>
      {!isBare && (
        <nav aria-label="Views">
          <PlaceLink place={chatPlace} isCurrent={place.view === "chat"}>
            Chat
          </PlaceLink>
          <PlaceLink place={tasksPlace} isCurrent={place.view === "tasks"}>
            Tasks
          </PlaceLink>
        </nav>
      )}
      <span class="link-state" data-phase={link.phase}>
        <span class="dot" aria-hidden="true" />
        <span>{link.phase === "open" && principal !== null ? principal : phases[link.phase]}</span>
      </span>
    </header>
  );
}

/** A link inside the page: it can be opened in another tab as well. */
export function PlaceLink({
  place,
  isCurrent,
  className,
  children,
}: {
  readonly place: Place;
  readonly isCurrent?: boolean;
  readonly className?: string;
  readonly children: preact.ComponentChildren;
}) {
  const portal = usePortal();
  return (
    <a
      href={placeText(place)}
      class={className}
      aria-current={isCurrent === true ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        portal.go(place);
      }}
    >
      {children}
    </a>
  );
}
