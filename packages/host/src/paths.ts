import { createHash } from "node:crypto";
import { homedir, userInfo } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { BridgeError } from "@agent-bridge/core/errors";

/** What said where the config file is: the caller, a variable, or nothing. */
export type ConfigChoice = "--config" | "AGENT_BRIDGE_HOME" | "XDG_CONFIG_HOME" | "default";

/** Where a bridge keeps what it has. All are absolute. */
export interface HostPaths {
  readonly configFile: string;
  /** True when the file was named by the caller: then nothing is changed at it or its folder. */
  readonly isConfigNamed: boolean;
  readonly configChosenBy: ConfigChoice;
  /** The folder of the config file; plugins are installed in its `node_modules`. */
  readonly configFolder: string;
  /** 0700; holds everything below but the inbox locks, and in rare cases the socket. */
  readonly stateFolder: string;
  readonly database: string;
  readonly stateLock: string;
  /** The ids of this installation, made once. */
  readonly identity: string;
  /** The key that a caller of the socket has to show. */
  readonly socketKey: string;
  /** The operator's sessions in a browser, by their hashes. */
  readonly webSessions: string;
  readonly socket: string;
  /** What a daemon logs. */
  readonly log: string;
  /** What a detached daemon's process prints beside its log: the last words of one that crashes. */
  readonly output: string;
  /** Each plugin has a folder of its own in it. */
  readonly pluginFolder: string;
  /** Outside of `AGENT_BRIDGE_HOME`: two homes of one user compete for the same inboxes. */
  readonly inboxLockFolder: string;
}

/**
 * Finds the files of a bridge. `AGENT_BRIDGE_HOME` moves config and state; without it they are in the
 * user's XDG folders. The current folder plays a part only for a relative `configFile`.
 *
 * @param request.configFile a config file that the user named
 * @throws BridgeError CONFIG_INVALID when `AGENT_BRIDGE_HOME` is no absolute path
 */
export function resolvePaths(
  request: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly configFile?: string;
  } = {},
): HostPaths {
  const env = request.env ?? process.env;
  const home = bridgeHome(env);
  const configFile =
    request.configFile === undefined
      ? join(home ?? join(xdg(env, "XDG_CONFIG_HOME", ".config"), "agent-bridge"), "config.jsonc")
      : resolve(request.configFile);
  const stateHome = xdg(env, "XDG_STATE_HOME", ".local/state");
  const stateFolder = home === undefined ? join(stateHome, "agent-bridge") : join(home, "state");
  const inState = (name: string): string => join(stateFolder, name);
  return {
    configFile,
    isConfigNamed: request.configFile !== undefined,
    configChosenBy: choiceOf(request.configFile, home, env),
    configFolder: dirname(configFile),
    stateFolder,
    database: inState("bridge.db"),
    stateLock: inState("lock.db"),
    identity: inState("identity.json"),
    socketKey: inState("socket.key"),
    webSessions: inState("web-sessions.json"),
    socket: socketPath(stateFolder),
    log: inState("daemon.log"),
    output: inState("daemon.out"),
    pluginFolder: inState("plugins"),
    inboxLockFolder: join(inboxHome(env), "agent-bridge-inboxes"),
  };
}

function choiceOf(
  configFile: string | undefined,
  home: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ConfigChoice {
  if (configFile !== undefined) return "--config";
  if (home !== undefined) return "AGENT_BRIDGE_HOME";
  const named = env["XDG_CONFIG_HOME"];
  return named !== undefined && isAbsolute(named) ? "XDG_CONFIG_HOME" : "default";
}

function bridgeHome(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const home = env["AGENT_BRIDGE_HOME"];
  if (home === undefined || home === "") return undefined;
  if (isAbsolute(home)) return resolve(home);
  throw new BridgeError("CONFIG_INVALID", {
    file: "AGENT_BRIDGE_HOME",
    detail: `"${home}" is not an absolute path. The current folder is never used: write the whole path.`,
  });
}

/** An XDG base folder; a relative one is ignored, as its specification says. */
function xdg(
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  fallback: string,
): string {
  const named = env[variable];
  return named !== undefined && isAbsolute(named) ? named : join(homedir(), fallback);
}

/** By the user database where no variable says otherwise: `HOME` may differ between two daemons of one user. */
function inboxHome(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["XDG_STATE_HOME"];
  if (named !== undefined && isAbsolute(named)) return named;
  return join(registeredHome() ?? homedir(), ".local/state");
}

function registeredHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch (error) {
    // A user id without an entry, as containers have them.
    if ((error as NodeJS.ErrnoException).code === "ERR_SYSTEM_ERROR") return undefined;
    throw error;
  }
}

/** What the shortest of our systems takes (macOS 104 with the closing zero; Linux has 108). */
const longestSocketPathBytes = 103;

/** A path that is too long for a socket is replaced by one that client and daemon both derive from it. */
function socketPath(stateFolder: string): string {
  const path = join(stateFolder, "daemon.sock");
  if (Buffer.byteLength(path) <= longestSocketPathBytes) return path;
  const name = createHash("sha256").update(path).digest("hex").slice(0, 32);
  return `/tmp/agent-bridge-${process.getuid?.() ?? 0}/${name}.sock`;
}
