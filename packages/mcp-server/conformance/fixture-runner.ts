import { setTimeout as sleep } from "node:timers/promises";
import { defineRunner, type Runner } from "@agent-bridge/core";
import * as z from "zod";

const form = { type: "object", properties: { confirm: { type: "boolean" } } } as const;

/** The agent behind the suite's task tools: its prompt says what it does. */
export const fixtureRunner: Runner = defineRunner({
  name: "fixture",
  capabilities: { resume: false, questions: "live" },
  sessionScope: "anywhere",
  options: z.strictObject({}),
  check: async () =>
    await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
  async *run({ prompt, taskId }, { signal, ask, begins }) {
    yield { type: "session", session: { id: taskId, state: {} } };
    await begins();
    const [word, ...rest] = prompt.split(" ");
    const text = rest.join(" ");
    try {
      if (word === "sleep") await sleep(Number(text) * 1000, undefined, { signal });
      if (word === "ask") await ask({ type: "input", title: text, details: { form } });
      if (word === "fail") {
        await sleep(500, undefined, { signal });
        yield { type: "end", outcome: "failed", message: "This job always fails." };
        return;
      }
    } catch {
      // Only a cancel ends the pauses.
      yield { type: "end", outcome: "aborted" };
      return;
    }
    yield { type: "end", outcome: "completed", output: text === "" ? "done" : text };
  },
});
