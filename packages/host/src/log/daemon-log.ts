import type { Logger } from "@agent-bridge/core";
import type { Config } from "../config/config-schema.ts";
import type { HostPaths } from "../paths.ts";
import { openLogFile } from "./log-file.ts";
import type { LogLevel } from "./log-level.ts";
import { createLogger, teeLogger } from "./logger.ts";

export interface DaemonLogOptions {
  readonly paths: Pick<HostPaths, "log">;
  /** The section `log` of the configuration. */
  readonly settings: Config["log"];
  readonly secrets: ReadonlySet<string>;
  /** How lines are shown on stderr besides; null: not at all. */
  readonly stderr: "text" | "json" | null;
  /** Instead of the level of the settings. */
  readonly level?: LogLevel;
}

/** Where a daemon logs: its file, and stderr where someone reads it. */
export interface DaemonLog extends Disposable {
  readonly logger: Logger;
}

/** Opens the log of a daemon. The file is put aside by size while the daemon runs. */
export function openDaemonLog(options: DaemonLogOptions): DaemonLog {
  const { paths, settings, secrets, stderr } = options;
  const { maxBytes, files } = settings;
  const level = options.level ?? settings.level;
  const file = openLogFile({ path: paths.log, maxBytes, files });
  const kept = createLogger({ style: "json", level, secrets, write: (line) => file.write(line) });
  const shown = stderr === null ? [] : [createLogger({ style: stderr, level, secrets })];
  return { logger: teeLogger([kept, ...shown]), [Symbol.dispose]: () => file[Symbol.dispose]() };
}
