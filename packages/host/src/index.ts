export type { ConfigChanges } from "./config-changes.ts";
export { exampleConfig, type Config } from "./config/config-schema.ts";
export type { Finding } from "./config/finding.ts";
export { parseConfig, readConfig, type LoadedConfig } from "./config/read-config.ts";
export { startDaemon, type Daemon, type DaemonOptions } from "./daemon.ts";
export { daemonEnvironment } from "./daemon-environment.ts";
export { readHolder, type LockHolder } from "./exclusive-lock.ts";
export { openDaemonLog, type DaemonLog, type DaemonLogOptions } from "./log/daemon-log.ts";
export { createLogger, type LoggerOptions } from "./log/logger.ts";
export { resolvePaths, type HostPaths } from "./paths.ts";
export { isRunning } from "./is-running.ts";
export type { LoopStatus } from "./plugins/loop-watch.ts";
export { ownStdout } from "./plugins/plugin-output.ts";
export type { PluginReport, PluginStatus } from "./plugins/plugin-report.ts";
export { ensurePrivateFolder } from "./private-files.ts";
export type { ConfigStatus } from "./reload.ts";
export type { CallOptions, DaemonClient } from "./socket/client.ts";
export { connectDaemon, type ConnectOptions } from "./socket/connect-daemon.ts";
export { toWireError, type DaemonHello, type WireError } from "./socket/frames.ts";
export type {
  CallName,
  CallResult,
  DaemonStatus,
  MethodParams,
  StreamEvent,
  StreamName,
} from "./socket/methods.ts";
export { isStateLocked } from "./state-lock.ts";
export { superviseDaemon } from "./supervise.ts";
export { hostVersion } from "./version.ts";
