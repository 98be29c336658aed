import { homedir, userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Config } from "./config/config-schema.ts";

/** Variables that say where a bridge's files are: which daemon is meant, not how it works. */
const placeVariables = ["AGENT_BRIDGE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] as const;

/**
 * The environment of a daemon that no person starts from a shell. It is the same whoever is the first to
 * need the daemon: made of the configuration's `daemon.env` and of what the machine knows of the user. Of
 * the caller's own environment only what says where the bridge's files are.
 */
export function daemonEnvironment(
  settings: Config["daemon"],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const places = placeVariables.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  const home = homedir();
  return {
    PATH: defaultPath(home),
    LANG: "C.UTF-8",
    ...userVariables(),
    ...settings.env,
    HOME: home,
    ...Object.fromEntries(places),
  };
}

/** Where programs are that a user or an administrator installed; never a folder of the caller's. */
function defaultPath(home: string): string {
  const folders = [
    dirname(process.execPath),
    join(home, ".local/bin"),
    ...(process.platform === "darwin" ? ["/opt/homebrew/bin"] : []),
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
  ];
  return [...new Set(folders)].join(delimiter);
}

function userVariables(): Record<string, string> {
  try {
    const { username, shell } = userInfo();
    return { USER: username, LOGNAME: username, ...(shell === null ? {} : { SHELL: shell }) };
  } catch (error) {
    // A user id without an entry, as containers have them.
    if ((error as NodeJS.ErrnoException).code === "ERR_SYSTEM_ERROR") return {};
    throw error;
  }
}
