import { isBridgeError } from "@agent-bridge/core";
import {
  openDaemonLog,
  ownStdout,
  readConfig,
  startDaemon,
  superviseDaemon,
  type HostPaths,
} from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions, type Invocation } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownCommand } from "../own-command.ts";
import { runFront } from "../front/run-front.ts";

interface Options extends CommonOptions {
  readonly embedded?: boolean;
  readonly config?: string;
}

export const mcp: CommandRow = {
  name: "mcp",
  add: (commands, program) => {
    const command = commands
      .command("mcp")
      .description(
        "serve an MCP client on stdin and stdout, through the daemon; starts one if none runs",
      )
      .option("--embedded", "be the daemon instead, and end with the client")
      .option("--config <file>", "use this configuration where a daemon is started");
    runs<Options>(command, program, async (invocation) => {
      const { options, surroundings } = invocation;
      const paths = pathsOf(surroundings, options.config);
      return options.embedded === true
        ? await runEmbedded(invocation, paths)
        : await runFront(surroundings, paths);
    });
  },
};

/** The daemon in the client's own process: it holds the same lock, and has its socket for others. */
async function runEmbedded(
  { options, surroundings }: Invocation<Options>,
  paths: HostPaths,
): Promise<ExitCode> {
  const secrets = new Set<string>();
  const config = readConfig(paths);
  using log = openDaemonLog({
    paths,
    settings: config.config.log,
    secrets,
    stderr: null,
    ...(options.debug === true ? { level: "debug" as const } : {}),
  });
  const { logger } = log;
  try {
    const resolveFrom = [import.meta.url];
    const daemon = await startDaemon({
      paths,
      config,
      logger,
      secrets,
      resolveFrom,
      mcpCommand: ownCommand(surroundings, ["mcp"]),
    });
    const client = { type: "client", id: "local" } as const;
    const streams = { input: surroundings.stdin, output: ownStdout() };
    const connection = await daemon.serveMcp(streams, client);
    void connection.closed.then(() => daemon.requestStop());
    return (await superviseDaemon(daemon, logger)) === 0 ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (isBridgeError(error, "STATE_LOCKED")) {
      surroundings.stderr.write("Without --embedded, `agent-bridge mcp` joins that one.\n");
    }
    throw error;
  }
}
