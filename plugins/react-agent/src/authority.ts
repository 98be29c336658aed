import type { RunnerAuthority } from "@agent-bridge/core";
import { isWanted } from "./agent-tools.ts";
import { bridgeServerName, type ReactOptions } from "./plugin-options.ts";
import type { ReactTurnOptions } from "./turn-options.ts";

const bridgeTools =
  "It is given the bridge's own tools as this run: it reads its own task and starts tasks by the routes from `run`.";

/** What an agent may do: nothing by itself, and what the servers of its tools do for it. */
export function authorityOf(
  { tools, bridge }: ReactTurnOptions,
  { servers }: Pick<ReactOptions, "servers">,
): RunnerAuthority {
  const wanted = Object.entries(servers).filter(([name]) => isWanted(name, tools));
  const names = (kind: "command" | "url"): string =>
    wanted.flatMap(([name, server]) => (kind in server ? [name] : [])).join(", ");
  const [programs, remote] = [names("command"), names("url")];
  const notes = [
    ...(programs === ""
      ? []
      : [`Programs serve its tools (${programs}), each with all that this user may.`]),
    ...(remote === "" ? [] : [`What its tools of ${remote} do is decided there.`]),
    ...(bridge && isWanted(bridgeServerName, tools) ? [bridgeTools] : []),
  ];
  return programs === ""
    ? { reads: [], writes: [], network: false, notes }
    : { reads: "*", writes: "*", network: true, notes };
}
