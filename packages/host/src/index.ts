export type { ConfigChanges } from "./config-changes.ts";
export { exampleConfig, type Config } from "./config/config-schema.ts";
export { configJsonSchema, type SchemaParts } from "./config/config-json-schema.ts";
export {
  effectiveConfig,
  type EffectiveConfig,
  type EffectiveValue,
} from "./config/effective-config.ts";
export { configError, type Finding } from "./config/finding.ts";
export type { JsonSchema } from "./config/json-schema.ts";
export { parseConfig, readConfig, type LoadedConfig } from "./config/read-config.ts";
export { withoutSecrets } from "./config/secrets.ts";
export { checkValue } from "./config/sentences.ts";
export { startDaemon, type Daemon, type DaemonOptions } from "./daemon.ts";
export { daemonEnvironment } from "./daemon-environment.ts";
export { runDoctor, type DoctorOptions, type DoctorReport } from "./doctor/doctor.ts";
export { readHolder, type LockHolder } from "./exclusive-lock.ts";
export { inspectConfig, type ConfigInspection, type InspectionOptions } from "./inspect-config.ts";
export { openDaemonLog, type DaemonLog, type DaemonLogOptions } from "./log/daemon-log.ts";
export { createLogger, type LoggerOptions } from "./log/logger.ts";
export { isRunning } from "./is-running.ts";
export { operatorPower, type OperatorPower } from "./operator-power.ts";
export { resolvePaths, type ConfigChoice, type HostPaths } from "./paths.ts";
export { inspectPlugin, type InspectedPlugin } from "./plugins/inspect-plugin.ts";
export { installPlugin } from "./plugins/install-plugin.ts";
export type { LoopStatus } from "./plugins/loop-watch.ts";
export {
  describePlugin,
  installedPlugins,
  type PluginDescription,
} from "./plugins/plugin-description.ts";
export { ownStderr, ownStdout } from "./plugins/plugin-output.ts";
export type { PluginReport, PluginStatus } from "./plugins/plugin-report.ts";
export type { PluginPlaces } from "./plugins/resolve-plugin.ts";
export { ensurePrivateFolder } from "./private-files.ts";
export type { ConfigStatus } from "./reload.ts";
export type { CallOptions, DaemonClient } from "./socket/client.ts";
export { connectDaemon } from "./socket/connect-daemon.ts";
export type { ConnectOptions } from "./socket/dial-daemon.ts";
export { toWireError, type DaemonHello, type WireError } from "./socket/wire.ts";
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
export { versionNotice } from "./version-notice.ts";
