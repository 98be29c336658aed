import { definePlugin, pluginApi, type Plugin } from "@agent-bridge/core";
import { codexRunner } from "./codex-runner.ts";
import { codexOptionsSchema, type CodexOptions } from "./plugin-options.ts";

/** Codex as a runner: one `codex app-server` for each turn. */
export const codexPlugin: Plugin<CodexOptions> = definePlugin({
  name: "codex",
  version: "0.1.0",
  api: pluginApi,
  options: codexOptionsSchema,
  kinds: [],
  create: (options, context) => ({ runners: [codexRunner(options, context)] }),
  exampleRoutes: [
    { kind: "prompt", from: "*", runner: "codex" },
    {
      kind: "prompt",
      from: ["operator"],
      runner: "codex",
      options: { sandbox: "workspace-write", cwd: "/path/to/project", approvals: "on-request" },
    },
  ],
});
