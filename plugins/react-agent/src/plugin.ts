import { definePlugin, pluginApi, type Plugin } from "@agent-bridge/core";
import { reactOptionsSchema, type ReactOptions } from "./plugin-options.ts";
import { reactRunner } from "./react-runner.ts";

/** An agent of a model and its tools, as a runner: it thinks, calls tools, and answers. */
export const reactPlugin: Plugin<ReactOptions> = definePlugin({
  name: "react-agent",
  version: "0.1.0",
  api: pluginApi,
  options: reactOptionsSchema,
  kinds: [],
  create: (options, context) => ({ runners: [reactRunner(options, context)] }),
  exampleRoutes: [
    { kind: "prompt", from: ["operator"], runner: "react" },
    {
      kind: "prompt",
      from: ["operator"],
      runner: "react",
      options: { tools: ["files.*"], unasked: ["files.read_*"] },
    },
  ],
});
