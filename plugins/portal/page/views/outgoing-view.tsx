import { cleanText } from "../state/clean-text.ts";
import type { Outgoing } from "../state/state.ts";
import { usePortal } from "./use-portal.ts";

/** A message that the bridge has not taken yet. */
export function OutgoingView({
  message,
  isConnected,
}: {
  readonly message: Outgoing;
  readonly isConnected: boolean;
}) {
  const portal = usePortal();
  const { key, text, refusal } = message;
  return (
    <article class="turn" aria-label="On its way">
      <div class="asked" data-state={refusal === null ? "sending" : "refused"}>
        <p>{cleanText(text)}</p>
      </div>
      {refusal === null ? (
        <p class="facts quiet">
          {isConnected ? "Sending…" : "It is sent once the bridge is there again."}
        </p>
      ) : (
        <div class="refused" role="alert">
          <p class="trouble">{refusal}</p>
          <button type="button" class="button small" onClick={() => portal.outbox.sendAgain(key)}>
            Send again
          </button>
          <button
            type="button"
            class="button small plain"
            onClick={() => portal.outbox.discard(key)}
          >
            Discard
          </button>
        </div>
      )}
    </article>
  );
}
