import { isBridgeError, type Logger } from "@agent-bridge/core";
import {
  openDaemonLog,
  readConfig,
  startDaemon,
  superviseDaemon,
  toWireError,
  type Daemon,
  type DaemonLog,
  type DaemonLogOptions,
  type DaemonOptions,
  type HostPaths,
  type LoadedConfig,
} from "@agent-bridge/host";
import { Option } from "commander";
import { pathsOf, runs, type CommandRow, type CommonOptions, type Invocation } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownCommand } from "../own-command.ts";
import { eventJson } from "../json-output.ts";
import { renderActivity } from "../render/activity.ts";
import { startDetached } from "../start-detached.ts";
import {
  likelyServiceManager,
  printUnit,
  serviceManagers,
  type ServiceManagerName,
} from "../unit/print-unit.ts";

interface Options extends CommonOptions {
  readonly detach?: boolean;
  readonly ephemeral?: boolean;
  readonly config?: string;
  readonly printUnit?: ServiceManagerName;
  readonly detachedChild?: boolean;
  readonly endsWhenIdle?: boolean;
}

export const up: CommandRow = {
  name: "up",
  add: (commands, program) => {
    const command = commands
      .command("up")
      .description("start the daemon: here, showing what happens, or in the background")
      .option("--detach", "in the background; returns when it is ready")
      .option("--ephemeral", "keep everything in memory: accepted work ends with the daemon")
      .option("--config <file>", "use this configuration")
      .addOption(
        new Option("--print-unit [manager]", "print a file for a service manager; start nothing")
          .choices(Object.keys(serviceManagers))
          .preset(likelyServiceManager),
      )
      .addOption(new Option("--detached-child").hideHelp())
      .addOption(new Option("--ends-when-idle").hideHelp());
    runs<Options>(command, program, async (invocation) => {
      const { options, surroundings } = invocation;
      const paths = pathsOf(surroundings, options.config);
      const { printUnit: manager } = options;
      if (manager !== undefined) return printUnit(invocation, manager, paths);
      if (options.detachedChild === true) return await runDetached(invocation, paths);
      return options.detach === true
        ? await startBehind(invocation, paths)
        : await runInFront(invocation, paths);
    });
  },
};

async function runInFront(
  { options, printer, surroundings }: Invocation<Options>,
  paths: HostPaths,
): Promise<ExitCode> {
  const secrets = new Set<string>();
  const config = readConfig(paths);
  using log = openLog(options, paths, {
    config,
    secrets,
    stderr: surroundings.stderr.isTTY === true ? "text" : "json",
  });
  const { logger } = log;
  const daemon = await compose({ options, surroundings }, { paths, config, logger, secrets });
  // Before anybody is told that it is ready: a signal that follows must find its listener.
  const supervised = superviseDaemon(daemon, logger);
  printer.json({ ready: aboutDaemon(daemon) });
  printer.text([`agent-bridge ${daemon.version} is up (pid ${daemon.pid}). Ctrl-C stops it.`]);
  const shown = new AbortController();
  const activity = showActivity(daemon, { printer, surroundings }, shown.signal).catch(
    (error: unknown) => logger.warn("The activity is no longer shown", { error }),
  );
  const code = await supervised;
  shown.abort();
  await activity;
  return code === 0 ? exitCodes.ok : exitCodes.failed;
}

/** The process that `--detach` starts: it reports to its parent once, then lives alone. */
async function runDetached(
  { options, surroundings }: Invocation<Options>,
  paths: HostPaths,
): Promise<ExitCode> {
  const secrets = new Set<string>();
  using ending = new DisposableStack();
  let daemon: Daemon;
  let logger: Logger | undefined;
  try {
    const config = readConfig(paths);
    ({ logger } = ending.use(openLog(options, paths, { config, secrets, stderr: null })));
    daemon = await compose({ options, surroundings }, { paths, config, logger, secrets });
  } catch (error) {
    logger?.error("The daemon could not start", { error });
    await report({ error: toWireError(error) });
    if (!isBridgeError(error)) surroundings.stderr.write(`${String((error as Error).stack)}\n`);
    return exitCodes.failed;
  }
  const supervised = superviseDaemon(daemon, logger);
  await report({ ready: aboutDaemon(daemon) });
  return (await supervised) === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Gives the parent its one message, and lets it go. */
async function report(message: object): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
  if (process.connected) process.disconnect();
}

async function startBehind(
  { options, printer, surroundings }: Invocation<Options>,
  paths: HostPaths,
): Promise<ExitCode> {
  const args = ["up", "--detached-child"];
  if (options.ephemeral === true) args.push("--ephemeral");
  if (options.config !== undefined) args.push("--config", paths.configFile);
  const started = await startDetached(surroundings, {
    args,
    paths,
    env: surroundings.env,
    signal: surroundings.interrupts(),
  });
  printer.json({ ...started, log: paths.log });
  printer.text([
    `agent-bridge ${started.version} is up (pid ${started.pid}).`,
    `log: ${paths.log}`,
    "`agent-bridge status` shows how it fares, `agent-bridge down` stops it.",
  ]);
  return exitCodes.ok;
}

function openLog(
  { debug }: Options,
  paths: HostPaths,
  {
    config,
    ...to
  }: Pick<DaemonLogOptions, "secrets" | "stderr"> & { readonly config: LoadedConfig },
): DaemonLog {
  const settings = config.config.log;
  return openDaemonLog({ paths, settings, ...to, ...(debug === true ? { level: "debug" } : {}) });
}

async function compose(
  { options, surroundings }: Pick<Invocation<Options>, "options" | "surroundings">,
  given: Pick<DaemonOptions, "paths" | "config" | "logger" | "secrets">,
): Promise<Daemon> {
  return await startDaemon({
    ...given,
    ephemeral: options.ephemeral === true,
    endsWhenIdle: options.endsWhenIdle === true,
    resolveFrom: [import.meta.url],
    mcpCommand: ownCommand(surroundings, ["mcp"]),
  });
}

function aboutDaemon({ pid, version, paths }: Daemon): {
  readonly pid: number;
  readonly version: string;
  readonly stateFolder: string;
  readonly socket: string;
} {
  return { pid, version, stateFolder: paths.stateFolder, socket: paths.socket };
}

async function showActivity(
  daemon: Daemon,
  { printer, surroundings }: Pick<Invocation<Options>, "printer" | "surroundings">,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of daemon.handle.follow({ after: "now", signal })) {
    // A closed stdout ends the showing, never the daemon.
    if (surroundings.stdout.destroyed) return;
    printer.json(eventJson(event));
    printer.text(renderActivity(event));
  }
}
