import { defineKind, type Kind } from "@agent-bridge/core";
import * as z from "zod";

const schema = z.strictObject({ text: z.string().min(1) });

/** A message that a person writes in the portal. It is a direct call: its answer is the task's own end. */
export const portalChat: Kind<z.output<typeof schema>> = defineKind({
  name: "portal.chat",
  description: "A message that a person writes in the portal.",
  schema,
  sender: () => null,
  conversation: () => null,
  prompt: ({ text }) => text,
  destination: () => null,
  questions: "ask",
});
