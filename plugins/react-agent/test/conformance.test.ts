import { runnerConformance } from "@agent-bridge/testing/runner-conformance";
import { afterAll } from "vitest";
import { startStubAgent, turnOptions } from "./stub-agent.ts";

const agent = await startStubAgent();
afterAll(async () => await agent[Symbol.asyncDispose]());

runnerConformance({
  name: "react (a stub model, and tools of a real MCP server)",
  make: () => agent.runner(),
  options: turnOptions({ tools: ["box.*"], unasked: ["*"] }),
  askingOptions: turnOptions({ tools: ["box.*"] }),
  capabilities: { resume: true, questions: "suspended" },
  prompts: {
    echo: (word) => word,
    thinking: "[[think first this]][[think then that]][[say done]]",
    toolOk: '[[tool box__say {"text":"fine"}]]',
    toolFails: "[[tool box__fail]]",
    longOutput: { prompt: `[[say ${"word ".repeat(40_000)}end]]`, characters: 200_000 },
    failure: "[[http 400]]",
    silence: "[[silent]]",
    endlessText: "[[slow 20]][[say one two three]][[hang]]",
    endlessTool: "[[tool box__endless]]",
    question: '[[tool box__say {"text":"asked"}]]',
  },
  remembers: (output) => output.includes("user messages seen: 2"),
});
