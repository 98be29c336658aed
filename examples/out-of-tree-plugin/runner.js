import { defineRunner } from "@agent-bridge/core";
import * as z from "zod";

/** Answers in capitals. */
export const shout = defineRunner({
  name: "shout",
  capabilities: { resume: false, questions: "none" },
  sessionScope: "anywhere",
  // What a route may say about it; unknown keys are refused.
  options: z.strictObject({ mark: z.string().default("!") }),
  check: async () => ({ ready: true, version: null, path: null, problems: [] }),

  async *run({ prompt, options, taskId }) {
    yield { type: "session", session: { id: taskId, state: {} } };
    yield {
      type: "end",
      outcome: "completed",
      output: `${prompt.toUpperCase()}${options.mark}`,
    };
  },
});
