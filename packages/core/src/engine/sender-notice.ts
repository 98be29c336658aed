import type { Delivery } from "../contract/channel.ts";
import { describeError } from "../contract/errors.ts";
import type { DeadLetterReason, SenderNotice } from "../contract/intake.ts";
import type { Arrival, Envelope, Kind } from "../contract/kind.ts";
import type { Route } from "../contract/route.ts";
import type { Engine } from "./engine.ts";
import { putAsideMessage } from "./texts.ts";

/** What senders are told of why. A reason without a row is never told: whom no route allows learns nothing. */
const reasonTexts: Readonly<Partial<Record<DeadLetterReason, string>>> = {
  payload_too_large: "it is too large. Send less, or a reference to it",
  payload_invalid: "it could not be read",
  kind_failed: "it could not be read",
};

/** What a sender is sent whose message a quota makes a dead letter; null for silence. */
export function refusalText(kind: Kind, route: Route): string | null {
  if (kind.fromAgent === true || route.deadLetters === "silent") return null;
  return putAsideMessage("too much is open already. Send it again later");
}

/** What a kind can tell of a message that it could not take. Its failure here costs the notice alone. */
function envelopeOf(
  engine: Engine,
  kind: Kind,
  of: { delivery: Delivery; arrival: Arrival },
): Envelope | null {
  const { delivery, arrival } = of;
  try {
    return kind.envelope?.(delivery.payload, arrival) ?? null;
  } catch (error) {
    const facts = { kind: kind.name, messageId: delivery.id, error: describeError(error) };
    engine.logger.warn("Who sent a message that was put aside could not be told", facts);
    return null;
  }
}

/**
 * What the sender of a message that can not be handled is told, where its route says so. An agent never
 * is: what it answers to that might be put aside as well, and so on.
 */
export function senderNotice(
  engine: Engine,
  of: { readonly delivery: Delivery; readonly arrival: Arrival; readonly reason: DeadLetterReason },
): SenderNotice | undefined {
  const why = reasonTexts[of.reason];
  const kind = engine.kinds.get(of.delivery.kind);
  if (why === undefined || kind === undefined || kind.fromAgent === true) return undefined;
  const envelope = envelopeOf(engine, kind, of);
  if (envelope === null || envelope.destination === null) return undefined;
  const { sender, destination } = envelope;
  const route = engine.routing.match({ kind: kind.name, sender, runner: null });
  if (route?.deadLetters !== "tell") return undefined;
  return { destination, text: putAsideMessage(why), unknownReply: route.unknownReply };
}
