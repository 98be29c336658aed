import { isBridgeError } from "@agent-bridge/core";
import {
  describePlugin,
  installedPlugins,
  type DaemonStatus,
  type PluginDescription,
} from "@agent-bridge/host";
import { callOnce, pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { configuredPlugins, pluginPlaces } from "../../plugin-places.ts";
import { declaredText, pluginJson } from "../../render/plugin-facts.ts";
import { renderTable } from "../../render/table.ts";
import type { Surroundings } from "../../surroundings.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

/**
 * `loaded` and `quarantined` as the daemon says, or, where the package tells enough, as it would;
 * `missing`: it is configured and not installed; `not_loaded`: the next start loads it;
 * `not_configured`: it is installed only.
 */
type State = "loaded" | "quarantined" | "missing" | "not_loaded" | "not_configured";

interface Row {
  readonly specifier: string;
  readonly state: State;
  readonly reason: string | null;
  readonly found: PluginDescription | null;
}

export const list: CommandRow = {
  name: "list",
  add: (commands, program) => {
    const command = commands
      .command("list")
      .description("list the plugins that are configured or installed, and how they fare")
      .option("--config <file>", "those of this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      const places = pluginPlaces(paths);
      const configured = Object.keys(configuredPlugins(paths));
      const running = await runningPlugins(surroundings);
      const rows = [...new Set([...configured, ...installedPlugins(places)])].map((specifier) => {
        const found = describePlugin(specifier, places) ?? null;
        const isConfigured = configured.includes(specifier);
        return { specifier, found, ...stateOf({ specifier, found, isConfigured }, running) };
      });
      printer.json({
        daemon: running !== null,
        plugins: rows.map(({ found, ...row }) => ({
          ...row,
          ...(found === null ? null : pluginJson(found)),
        })),
      });
      printer.text(renderRows(rows));
      if (running === null)
        printer.note(["No daemon runs: what is shown is what its next start finds."]);
      return exitCodes.ok;
    });
  },
};

/** @returns null where no daemon runs */
async function runningPlugins(surroundings: Surroundings): Promise<DaemonStatus["plugins"] | null> {
  const signal = surroundings.interrupts();
  try {
    const status = async () =>
      await callOnce(surroundings, async (client) => await client.call("status", {}, { signal }));
    return (await status()).plugins;
  } catch (error) {
    if (isBridgeError(error, "DAEMON_NOT_RUNNING", "DAEMON_LOST")) return null;
    throw error;
  }
}

function stateOf(
  of: Pick<Row, "specifier" | "found"> & { readonly isConfigured: boolean },
  running: DaemonStatus["plugins"] | null,
): Pick<Row, "state" | "reason"> {
  const { specifier, found, isConfigured } = of;
  const loaded = running?.find((plugin) => plugin.specifier === specifier);
  if (loaded !== undefined) return { state: loaded.state, reason: loaded.reason };
  if (found === null) return { state: "missing", reason: null };
  if (found.refused !== null) return { state: "quarantined", reason: found.refused.message };
  return { state: isConfigured ? "not_loaded" : "not_configured", reason: null };
}

function renderRows(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return ["No plugins. `agent-bridge plugin add NAME` installs one."];
  return renderTable(
    ["PLUGIN", "VERSION", "STATE", "DECLARES"],
    rows.map(({ specifier, state, reason, found }) => [
      specifier,
      found?.version ?? "-",
      state.replace("_", " "),
      reason ?? (found === null ? "-" : declaredText(found)),
    ]),
  );
}
