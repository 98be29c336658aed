import { isAbsolute } from "node:path";
import type { Json, RunnerAuthority } from "@agent-bridge/core";
import type { CodexTurnOptions } from "./turn-options.ts";

/** Where a turn works, and what its sandbox takes for temporary. */
export interface TurnPlaces {
  readonly emptyFolder: string;
  readonly temporaryFolder: string | undefined;
}

/** What a setting of Codex is: given by its dotted key, or inside of a table that holds it. */
function settingOf(config: CodexTurnOptions["config"], dotted: string): Json | undefined {
  const found = config[dotted];
  if (found !== undefined) return found;
  const [table = "", key = ""] = dotted.split(".");
  const values = config[table];
  return typeof values === "object" && values !== null && !Array.isArray(values)
    ? (values as Readonly<Record<string, Json>>)[key]
    : undefined;
}

const servers =
  "MCP servers of Codex's own settings run outside of its sandbox, with all that this user may.";
const settings =
  "Codex's own settings may add folders to write and the network (`sandbox_workspace_write` in its config.toml).";
const approvals =
  "It may ask to go beyond its sandbox; a command that someone accepts runs without it.";

const bridgeTools =
  "It is given the bridge's own tools as this run: it reads its own task and starts tasks by the routes from `run`. Commands outside of a sandbox can take the token of that server, which ends with the run.";

function writable(
  { config, cwd }: CodexTurnOptions,
  { emptyFolder, temporaryFolder }: TurnPlaces,
): readonly string[] {
  const given = settingOf(config, "sandbox_workspace_write.writable_roots");
  const roots = Array.isArray(given) ? given : [];
  const folders = [cwd ?? emptyFolder, "/tmp", temporaryFolder, ...roots];
  return [
    ...new Set(
      folders.filter((path): path is string => typeof path === "string" && isAbsolute(path)),
    ),
  ];
}

/**
 * What the commands of a turn may do, as Codex's sandboxes were seen to allow it: all of them read whatever the user
 * may; without the network no connection is opened, not even to a socket of the machine.
 */
export function authorityOf(options: CodexTurnOptions, places: TurnPlaces): RunnerAuthority {
  const { sandbox, config } = options;
  const more = [
    ...(options.approvals === "never" ? [] : [approvals]),
    ...(options.bridge ? [bridgeTools] : []),
  ];
  switch (sandbox) {
    case "read-only":
      return { reads: "*", writes: [], network: false, notes: [servers, ...more] };
    case "workspace-write":
      return {
        reads: "*",
        writes: writable(options, places),
        network: settingOf(config, "sandbox_workspace_write.network_access") === true,
        notes: [servers, settings, ...more],
      };
    case "danger-full-access":
      return { reads: "*", writes: "*", network: true, notes: options.bridge ? [bridgeTools] : [] };
    default:
      return sandbox satisfies never;
  }
}
