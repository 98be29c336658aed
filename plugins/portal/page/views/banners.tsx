import { durationText } from "../state/format.ts";
import type { Link } from "../state/state.ts";
import { useNow } from "./use-portal.ts";

/** Says that the bridge is not there, and when it is tried again. */
export function LinkBanner({
  link,
  onRetry,
}: {
  readonly link: Link;
  readonly onRetry: () => void;
}) {
  const now = useNow(link.phase === "waiting");
  if (link.phase !== "waiting") return null;
  const text = link.isStopping
    ? "The bridge has stopped. Open tasks go on with its next start."
    : "The bridge can not be reached. Tasks go on without this page.";
  return (
    <div class="banner" data-kind="link" role="status">
      <p>{text}</p>
      <p class="quiet tabular" aria-hidden="true">
        Trying again in {durationText(link.retryAt - now + 999)}
      </p>
      <button type="button" class="button small" onClick={onRetry}>
        Try now
      </button>
    </div>
  );
}

/** Says what went wrong. */
export function NoticeBanner({
  text,
  onDismiss,
}: {
  readonly text: string;
  readonly onDismiss: () => void;
}) {
  return (
    <div class="banner" data-kind="notice" role="alert">
      <p>{text}</p>
      <button type="button" class="button small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
