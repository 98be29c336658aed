import { afterAll } from "vitest";
import { runnerConformance } from "@agent-bridge/testing/runner-conformance";
import { fakeRunner, temporaryFolder } from "./fake-codex.ts";
import { turnOptions } from "./real-codex.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

runnerConformance({
  name: "codex (a fake one that ignores every request to end)",
  make: () => fakeRunner(folder),
  options: turnOptions(),
  capabilities: { resume: true, questions: "live" },
  prompts: {
    echo: (word) => `echo ${word}`,
    thinking: "think",
    toolOk: "tool 0",
    toolFails: "tool 3",
    fileChange: "change",
    longOutput: { prompt: "long 1000000", characters: 1_000_000 },
    failure: "fail badRequest",
    silence: "silent",
    endlessText: "endless",
    endlessTool: "stubborn",
    question: "approve",
  },
  goneSession: { id: "gone", state: {} },
});
