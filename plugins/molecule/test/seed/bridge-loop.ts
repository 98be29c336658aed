import {
  type Bridge,
  type BridgeParts,
  type Clock,
  createBridge,
  memoryStore,
  type Store,
  systemClock,
  systemRandom,
} from "@agent-bridge/core";
import {
  canvasUser,
  delegationResult,
  moleculeToolsChannel,
  type MoleculeTools,
  peerAgent,
} from "../../src/index.ts";
import type { ScriptedRunner } from "./scripted-runner.ts";

/** A clock whose sleeps last no time and are recorded: the pauses of the intake. */
export interface RecordingClock extends Clock {
  /** In seconds. */
  readonly pauses: number[];
}

/** After the start the removal of what is over waits so long: no pause of the intake, so here it just waits. */
const firstSweepMs = 60_000;

export function recordingClock(most: number): RecordingClock {
  const real = systemClock();
  const pauses: number[] = [];
  let hasSweepBegun = false;
  return {
    ...real,
    pauses,
    sleep: async (ms, signal) => {
      const isSweep = !hasSweepBegun && ms === firstSweepMs;
      hasSweepBegun ||= isSweep;
      if (isSweep || pauses.length >= most) return await real.sleep(60_000, signal);
      pauses.push(ms / 1000);
      await real.sleep(1, signal);
    },
  };
}

/** A running bridge between tools and a scripted agent. */
export interface BridgeLoop extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly store: Store;
  /** The session stored for a conversation's key. */
  sessionOf(key: string): Promise<string | undefined>;
}

export async function bridgeLoop(
  tools: MoleculeTools,
  agent: ScriptedRunner,
  parts: Partial<BridgeParts> & { workspaceId?: string } = {},
): Promise<BridgeLoop> {
  const { workspaceId, ...given } = parts;
  const clock = given.clock ?? systemClock();
  const store = given.store ?? memoryStore({ clock, random: systemRandom });
  const channel = moleculeToolsChannel({
    name: "molecule",
    tools,
    clock,
    ...(workspaceId === undefined ? {} : { workspaceId }),
  });
  const bridge = createBridge({
    kinds: [canvasUser, peerAgent, delegationResult],
    routes: [canvasUser, peerAgent, delegationResult].map((kind) => ({
      kind: kind.name,
      from: "*",
      runner: "codex",
    })),
    runners: [agent.runner],
    channels: [channel],
    ...given,
    clock,
    store,
  });
  await bridge.start();
  return {
    bridge,
    store,
    sessionOf: async (key) => {
      const page = await bridge.as({ type: "operator" }).conversations({ limit: 100 });
      return page.items.find((item) => item.key === key)?.sessions[0]?.sessionId;
    },
    [Symbol.asyncDispose]: async () => await bridge.stop(),
  };
}
