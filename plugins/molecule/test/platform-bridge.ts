import { createBridge, defineRunner, silentLogger, systemRandom } from "@agent-bridge/core";
import type { Bridge, BridgeParts, Clock, Handle, RunnerEnd, Turn } from "@agent-bridge/core";
import { onTestFinished } from "vitest";
import * as z from "zod";
import { moleculePlugin } from "../src/index.ts";
import type { moleculeOptions } from "../src/plugin.ts";

/** A workspace as the configuration names it. */
export type WorkspaceOptions = z.input<typeof moleculeOptions>["workspaces"][number];

/** A bridge between a platform and an agent, made as the host makes it. */
export interface PlatformBridge {
  readonly bridge: Bridge;
  readonly operator: Handle;
  /** What the agent was asked, in order. */
  readonly turns: readonly Turn[];
}

/** What a platform's bridge is made of besides the plugin. */
export interface PlatformBridgeParts extends Partial<Omit<BridgeParts, "clock">> {
  readonly clock: Clock;
  readonly workspaces: readonly WorkspaceOptions[];
  /** What the agent ends a turn with; by default it answers with what it was asked. */
  readonly end?: (turn: Turn) => Partial<Extract<RunnerEnd, { outcome: "completed" }>>;
}

/** Routes that let everybody in. */
export const openRoutes: BridgeParts["routes"] = moleculePlugin.kinds.map(({ name }) => ({
  kind: name,
  from: "*",
  runner: "agent",
}));

/** Starts a bridge for some workspaces; it is stopped when the test has finished. */
export async function platformBridge(parts: PlatformBridgeParts): Promise<PlatformBridge> {
  const { workspaces, end = ({ prompt }) => ({ output: `re: ${prompt}` }), clock, ...rest } = parts;
  const turns: Turn[] = [];
  const runner = defineRunner({
    name: "agent",
    capabilities: { resume: true, questions: "none" },
    sessionScope: "anywhere",
    options: z.strictObject({}),
    check: async () => ({ ready: true, version: null, path: null, problems: [] }),
    async *run(turn) {
      turns.push(turn);
      yield { type: "session", session: { id: `session-${turn.taskId}`, state: {} } };
      yield { type: "end", outcome: "completed", output: "", ...end(turn) };
    },
  });
  const options = moleculePlugin.options.parse({ workspaces });
  const context = {
    clock,
    random: systemRandom,
    logger: silentLogger,
    folder: "/nowhere",
    tools: () => [],
  };
  const { channels = [] } = moleculePlugin.create(options, context);
  const bridge = createBridge({
    kinds: moleculePlugin.kinds,
    routes: openRoutes,
    runners: [runner],
    channels,
    clock,
    ...rest,
  });
  onTestFinished(async () => await bridge.stop());
  await bridge.start();
  return { bridge, operator: bridge.as({ type: "operator" }), turns };
}
