/**
 * A daemon as `agent-bridge up` runs it, that kills itself (SIGKILL) at the failpoint named by `KILL_AT`.
 */
import { appendFileSync } from "node:fs";
import {
  createLogger,
  readConfig,
  resolvePaths,
  startDaemon,
  superviseDaemon,
} from "@agent-bridge/host";

const killAt = process.env["KILL_AT"];
const paths = resolvePaths();
const secrets = new Set<string>();
const logger = createLogger({
  style: "json",
  secrets,
  write: (line) => appendFileSync(paths.log, line),
});
const daemon = await startDaemon({
  paths,
  config: readConfig(paths),
  logger,
  secrets,
  resolveFrom: [import.meta.resolve("agent-bridge/package.json")],
  failpoint: async (name) => {
    if (name !== killAt) return;
    process.kill(process.pid, "SIGKILL");
    // The signal is on its way; nothing more may happen before it arrives.
    await new Promise(() => undefined);
  },
});
process.exitCode = await superviseDaemon(daemon, logger);
