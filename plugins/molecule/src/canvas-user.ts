import { defineKind } from "@agent-bridge/core";
import { readAnswer } from "./answers.ts";
import type { Destination } from "./destination.ts";
import { messageSchema, promptOf, textOf, workspaceOf } from "./message.ts";
import type { Message } from "./message.ts";

/** A person wrote on a workspace's canvas. The canvas is the conversation, and its person the sender. */
export const canvasUser = defineKind<Message>({
  name: "canvas_user",
  description: "A person wrote on the canvas of a Molecule workspace.",
  schema: messageSchema,
  sender: (message, arrival) => workspaceOf(message, arrival) || null,
  conversation: (message, arrival) => `canvas:${workspaceOf(message, arrival)}`,
  prompt: promptOf,
  destination: (message, arrival) =>
    ({ to: "user", workspace: workspaceOf(message, arrival) }) satisfies Destination,
  questions: "ask",
  answer: (message, question) => readAnswer(textOf(message), question),
});
