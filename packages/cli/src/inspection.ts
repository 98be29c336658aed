import {
  configError,
  inspectConfig,
  type ConfigInspection,
  type HostPaths,
} from "@agent-bridge/host";
import type { Surroundings } from "./surroundings.ts";

/** Looks at the configuration as `up` would use it. Dispose it. */
export async function inspect({ env }: Surroundings, paths: HostPaths): Promise<ConfigInspection> {
  return await inspectConfig({ paths, env, resolveFrom: [import.meta.url] });
}

/** What can be used of a configuration. */
export type Usable = {
  readonly [K in "loaded" | "plugins" | "routes"]: NonNullable<ConfigInspection[K]>;
};

/** The parts of a configuration that a daemon would start with. @throws BridgeError CONFIG_INVALID with every finding */
export function usable(inspection: ConfigInspection, { configFile }: HostPaths): Usable {
  const { loaded, plugins, routes, findings } = inspection;
  if (findings.length > 0 || loaded === null || plugins === null || routes === null)
    throw configError(configFile, findings);
  return { loaded, plugins, routes };
}
