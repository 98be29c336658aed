import * as z from "zod";
import { defineKind } from "../contract/kind.ts";

/** The kind that is always there: a text for an agent, from a direct caller. Its answer is the task's end. */
export const promptKind = defineKind({
  name: "prompt",
  description: "A text for an agent.",
  schema: z.strictObject({ text: z.string().min(1) }),
  sender: () => null,
  conversation: () => null,
  prompt: ({ text }) => text,
  destination: () => null,
  questions: "ask",
});
