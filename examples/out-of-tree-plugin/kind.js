import { defineKind } from "@agent-bridge/core";
import * as z from "zod";

/** A note that somebody left: who, and what. */
export const folderNote = defineKind({
  name: "folder.note",
  description: "A note that somebody left in a folder.",
  schema: z.strictObject({ from: z.string().min(1), text: z.string() }),
  sender: ({ from }) => from,
  conversation: ({ from }) => from,
  prompt: ({ text }) => text,
  destination: ({ from }) => ({ to: from }),
});
