import { existsSync } from "node:fs";
import { readConfig, type Config, type HostPaths, type PluginPlaces } from "@agent-bridge/host";

/** Where this command's daemon looks for plugins. */
export function pluginPlaces({ configFolder }: HostPaths): PluginPlaces {
  return { configFolder, resolveFrom: [import.meta.url] };
}

/** The plugins of the configuration, with their options; none where there is no configuration yet. */
export function configuredPlugins(paths: HostPaths): Config["plugins"] {
  return existsSync(paths.configFile) ? readConfig(paths).config.plugins : {};
}
