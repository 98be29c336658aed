import { sep } from "node:path";
import type { RunnerAuthority } from "@agent-bridge/core";
import type { HostPaths } from "./paths.ts";

/**
 * What a run could do to the bridge itself. `full`: act as the operator, through the socket or by writing the state or
 * the configuration. `reads`: see everything that the operator sees. `unknown`: its runner does not say, so it may be
 * all of that.
 */
export type OperatorPower = "none" | "reads" | "full" | "unknown";

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

const covers = (allowed: RunnerAuthority["reads"], path: string): boolean =>
  allowed === "*" || allowed.some((folder) => isBelow(path, folder));

/** Judges what a run may do by what its runner says of it. */
export function operatorPower(
  authority: RunnerAuthority | null,
  paths: Pick<HostPaths, "configFile" | "database" | "socketKey" | "socket">,
): OperatorPower {
  if (authority === null) return "unknown";
  const { reads, writes, network } = authority;
  const own = [paths.database, paths.socketKey, paths.socket, paths.configFile];
  if (own.some((path) => covers(writes, path))) return "full";
  const readsKey = covers(reads, paths.socketKey);
  if (network && readsKey) return "full";
  return readsKey || covers(reads, paths.database) ? "reads" : "none";
}
