import { afterAll } from "vitest";
import { runnerConformance } from "@agent-bridge/testing/runner-conformance";
import { realCodex, turnOptions } from "./real-codex.ts";

const codex = await realCodex({ retries: 0 });
afterAll(() => codex[Symbol.asyncDispose]());

runnerConformance({
  name: "codex (the real binary, with a stub model)",
  make: () => codex.runner(),
  options: turnOptions({ sandbox: "danger-full-access", cwd: codex.folder }),
  askingOptions: turnOptions({
    sandbox: "workspace-write",
    cwd: codex.folder,
    approvals: "untrusted",
  }),
  capabilities: { resume: true, questions: "live" },
  prompts: {
    echo: (word) => word,
    thinking: "[[think first this]][[think then that]][[say done]]",
    toolOk: "[[shell echo fine]]",
    toolFails: "[[shell echo broken; exit 3]]",
    fileChange: "[[patch changed.txt]]",
    longOutput: { prompt: `[[say ${"word ".repeat(40_000)}end]]`, characters: 200_000 },
    failure: "[[http 400]]",
    silence: "[[silent]]",
    endlessText: "[[slow 20]][[say one two three]][[hang]]",
    endlessTool:
      "[[shell sleep 300 & setsid sleep 301 & nohup sleep 302 & trap '' TERM; sleep 303]]",
    question: "[[shell touch asked.txt]]",
  },
  remembers: (output) => output.includes("user messages seen: 2"),
  goneSession: { id: "01a1fcf1-0000-7000-8000-000000000000", state: {} },
});
