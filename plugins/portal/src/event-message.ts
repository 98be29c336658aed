import { Buffer } from "node:buffer";
import type { BridgeEvent } from "@agent-bridge/core";
import type { PortalPush } from "./protocol.ts";
import { eventView } from "./views.ts";

/** Readers who stand at the same place are given the same events: each is encoded once for all sockets that watch it. */
const encoded = new WeakMap<BridgeEvent, Uint8Array>();

/** An event as it is sent. */
export function eventMessage(event: BridgeEvent): Uint8Array {
  const known = encoded.get(event);
  if (known !== undefined) return known;
  const push = { type: "event", event: eventView(event) } satisfies PortalPush;
  const message = Buffer.from(JSON.stringify(push));
  encoded.set(event, message);
  return message;
}
