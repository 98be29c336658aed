import { defineKind } from "@agent-bridge/core";
import { readAnswer } from "./answers.ts";
import type { Destination } from "./destination.ts";
import {
  messageSchema,
  namedAttachmentsOf,
  promptOf,
  textOf,
  workspaceIn,
  workspaceOf,
} from "./message.ts";
import type { Message } from "./message.ts";

const toUser = (workspace: string): Destination => ({ to: "user", workspace });

/** A person wrote on a workspace's canvas. The canvas is the conversation, and its person the sender. */
export const canvasUser = defineKind<Message>({
  name: "canvas_user",
  description: "A person wrote on the canvas of a Molecule workspace.",
  schema: messageSchema,
  sender: (message, arrival) => workspaceOf(message, arrival) || null,
  conversation: (message, arrival) => `canvas:${workspaceOf(message, arrival)}`,
  prompt: promptOf,
  attachments: namedAttachmentsOf,
  destination: (message, arrival) => toUser(workspaceOf(message, arrival)),
  // The canvas has one person, so who wrote is known even where what they wrote can not be read.
  envelope: (payload, arrival) => {
    const workspace = workspaceIn(payload, arrival);
    return { sender: workspace || null, destination: toUser(workspace) };
  },
  questions: "ask",
  answer: (message, question) => readAnswer(textOf(message), question),
});
