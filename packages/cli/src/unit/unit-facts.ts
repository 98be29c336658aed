import { daemonEnvironment, type HostPaths, type LoadedConfig } from "@agent-bridge/host";
import { defaultLimits } from "@agent-bridge/core";
import type { Surroundings } from "../surroundings.ts";

/** What a service manager has to know of the daemon; the same for each of them. */
export interface UnitFacts {
  /** The program and its arguments, with absolute paths. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** After it a daemon that was asked to stop has ended by itself, or hangs. */
  readonly stopSeconds: number;
}

/** What a stop may take beyond the runners' grace: sends under way, plugins that free what they hold. */
const stopBesidesGraceSeconds = 40;

/** Gathers the facts. The environment is the configuration's, not that of who asks. */
export function unitFacts(
  surroundings: Surroundings,
  { paths, config }: { readonly paths: HostPaths; readonly config: LoadedConfig },
): UnitFacts {
  const named = paths.isConfigNamed ? ["--config", paths.configFile] : [];
  const { limits, daemon } = config.config;
  const graceMs = limits.turn?.graceMs ?? defaultLimits.turn.graceMs;
  return {
    command: [process.execPath, ...process.execArgv, surroundings.program, "up", ...named],
    environment: daemonEnvironment(daemon, surroundings.env),
    stopSeconds: Math.ceil(graceMs / 1000) + stopBesidesGraceSeconds,
  };
}
