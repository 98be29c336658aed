import type { Line } from "../connection/line.ts";
import type { Portal } from "../portal.ts";
import { Announcer } from "./announcer.tsx";
import { ChatView } from "./chat-view.tsx";
import type { DraftPlace } from "./composer.tsx";
import { LinkBanner, NoticeBanner } from "./banners.tsx";
import { SignIn } from "./sign-in.tsx";
import { TasksView } from "./tasks-view.tsx";
import { TopBar } from "./top-bar.tsx";
import { PortalContext, usePortalState } from "./use-portal.ts";

/** The whole page. */
export function Page({
  portal,
  line,
  draft,
}: {
  readonly portal: Portal;
  readonly line: Line;
  readonly draft: DraftPlace;
}) {
  const state = usePortalState(portal);
  const { link, place } = state;
  const isSignedOut = link.phase === "signed-out";
  return (
    <PortalContext.Provider value={portal}>
      <div class="page">
        <TopBar state={state} isBare={isSignedOut} />
        {!isSignedOut && <LinkBanner link={link} onRetry={() => line.hurry()} />}
        {state.notice !== null && (
          <NoticeBanner text={state.notice} onDismiss={() => portal.dismissNotice()} />
        )}
        {isSignedOut ? (
          <SignIn reason={link.reason} onKey={(key) => line.connect(key)} />
        ) : place.view === "chat" ? (
          <ChatView state={state} draft={draft} />
        ) : (
          <TasksView state={state} />
        )}
        <Announcer state={state} />
      </div>
    </PortalContext.Provider>
  );
}
