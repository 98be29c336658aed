import { join } from "node:path";
import { defineRunner, type PluginContext, type Runner } from "@agent-bridge/core";
import { authorityOf } from "./authority.ts";
import { checkHealth } from "./health.ts";
import type { ReactOptions } from "./plugin-options.ts";
import { runTurn } from "./run-turn.ts";
import { limitsOf, reactTurnOptionsSchema, type ReactTurnOptions } from "./turn-options.ts";

/** Makes the runner `react`. Nothing is connected or started until it is checked or runs. */
export function reactRunner(
  options: ReactOptions,
  context: Pick<PluginContext, "folder" | "random" | "tools">,
): Runner<ReactTurnOptions> {
  const setup = {
    options,
    random: context.random,
    offered: () => context.tools(),
    emptyFolder: join(context.folder, "empty"),
  };
  return defineRunner({
    name: "react",
    capabilities: { resume: true, questions: "suspended" },
    // A session is the conversation's messages, which the store keeps.
    sessionScope: "anywhere",
    options: reactTurnOptionsSchema,
    limits: limitsOf,
    authority: (turn) => authorityOf(turn, options),
    check: async (signal) => await checkHealth(options, signal),
    run: (turn, io) => runTurn(turn, io, setup),
  });
}
