import type { Attachment, Json } from "@agent-bridge/core";
import { attachmentsMember } from "./attachments.ts";
import { destinationSchema } from "./destination.ts";
import type { Destination } from "./destination.ts";
import { channelFailed } from "./failure.ts";
import type { PlatformRequest } from "./platform-client.ts";

/** A text on its way, in the name of a workspace where the destination names none. */
export interface Outgoing {
  readonly text: string;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly idempotencyKey: string;
  readonly workspaceId: string;
}

type Endpoint = Pick<PlatformRequest, "path" | "body">;

/** The endpoint of each destination. Only a delegation takes an idempotency key. */
const endpoints: {
  readonly [To in Destination["to"]]: (
    destination: Extract<Destination, { to: To }>,
    outgoing: Outgoing,
  ) => Endpoint;
} = {
  user: ({ workspace }, { text, attachments, workspaceId }) => ({
    path: ["workspaces", workspace || workspaceId, "notify"],
    body: { message: text, ...attachmentsMember(attachments) },
  }),
  peer: ({ peer, source }, { text, idempotencyKey, workspaceId }) => ({
    path: ["workspaces", source || workspaceId, "delegate"],
    body: { target_id: peer, task: text, idempotency_key: idempotencyKey },
  }),
};

/** The request that sends a text. */
export function endpointFor(destination: Destination, outgoing: Outgoing): Endpoint {
  return destination.to === "user"
    ? endpoints.user(destination, outgoing)
    : endpoints.peer(destination, outgoing);
}

/**
 * Reads a stored destination.
 *
 * @throws BridgeError CHANNEL_FAILED when it is none of this plugin's kinds
 */
export function parseDestination(destination: Json, channel: string): Destination {
  const parsed = destinationSchema.safeParse(destination);
  if (parsed.success) return parsed.data;
  const detail = "the destination is none of Molecule's";
  throw channelFailed({ channel, operation: "send", detail, effect: "none", retryable: false });
}
