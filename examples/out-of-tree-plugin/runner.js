import { defineRunner, describeError } from "@agent-bridge/core";
import * as z from "zod";

/** Repeats what it is told. */
export const parrot = defineRunner({
  name: "parrot",
  capabilities: { resume: false, questions: "none" },
  sessionScope: "anywhere",
  // What a route may say about it; unknown keys are refused.
  options: z.strictObject({ mark: z.string().default("!") }),
  check: async () => ({ ready: true, version: null, path: null, problems: [] }),

  async *run({ prompt, options, taskId }, io) {
    if (io.signal.aborted) return yield { type: "end", outcome: "aborted" };
    try {
      // From here on something may have been done: after a crash the bridge knows that.
      await io.begins();
    } catch (error) {
      return yield { type: "end", outcome: "failed", message: describeError(error) };
    }
    const output = `${prompt}${options.mark}`;
    yield { type: "session", session: { id: taskId, state: {} } };
    yield { type: "text", text: output, delta: false };
    yield { type: "end", outcome: "completed", output };
  },
});
