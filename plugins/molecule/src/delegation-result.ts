import { defineKind } from "@agent-bridge/core";
import type { Arrival } from "@agent-bridge/core";
import { messageSchema, namedAttachmentsOf, peerOf, promptOf, workspaceOf } from "./message.ts";
import type { Message } from "./message.ts";

/**
 * What became of a task that was delegated to a peer. It is never replied to: two agents would thank each
 * other for ever. One that reports on a reply of ours is noted there; any other is a message of that peer.
 */
export const delegationResult = defineKind<Message>({
  name: "delegation_result",
  description: "The result of a task that was delegated to another Molecule workspace.",
  schema: messageSchema,
  sender: reporterOf,
  conversation: (message, arrival) => {
    const peer = reporterOf(message, arrival);
    return peer === null ? null : `peer:${peer}`;
  },
  prompt: promptOf,
  attachments: namedAttachmentsOf,
  destination: () => null,
  questions: "decline",
  fromAgent: true,
  reportsOn: (message) => message.delegation_id || null,
});

/** The peer that did the task. Where the platform names the delegating workspace instead, it is not known. */
function reporterOf(message: Message, arrival: Arrival): string | null {
  const peer = peerOf(message);
  return peer === workspaceOf(message, arrival) ? null : peer;
}
