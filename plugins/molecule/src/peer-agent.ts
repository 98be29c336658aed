import { defineKind } from "@agent-bridge/core";
import type { Destination } from "./destination.ts";
import { messageSchema, namedAttachmentsOf, peerOf, promptOf, workspaceOf } from "./message.ts";
import type { Message } from "./message.ts";

/**
 * The agent of another workspace wrote. One that does not say who it is gets a conversation of its own
 * without a session, and no reply, since there is nobody to send it to.
 */
export const peerAgent = defineKind<Message>({
  name: "peer_agent",
  description: "The agent of another Molecule workspace wrote.",
  schema: messageSchema,
  sender: peerOf,
  // The local workspace is part of the conversation's place already: two of them share no session.
  conversation: (message) => {
    const peer = peerOf(message);
    return peer === null ? null : `peer:${peer}`;
  },
  prompt: promptOf,
  attachments: namedAttachmentsOf,
  destination: (message, arrival) => {
    const peer = peerOf(message);
    const source = workspaceOf(message, arrival);
    return peer === null ? null : ({ to: "peer", peer, source } satisfies Destination);
  },
  questions: "decline",
  fromAgent: true,
});
