import { join } from "node:path";
import { defineRunner, type Logger, type PluginContext, type Runner } from "@agent-bridge/core";
import { authorityOf } from "./authority.ts";
import { findBinary, type CodexBinary } from "./binary.ts";
import { codexCallerOptions } from "./caller-options.ts";
import { codexEnvironment } from "./environment.ts";
import { checkHealth } from "./health.ts";
import type { CodexOptions } from "./plugin-options.ts";
import { runTurn, type TurnSetup } from "./run-turn.ts";
import { codexToolPair } from "./tool-pair.ts";
import {
  checkOptions,
  codexTurnOptionsSchema,
  limitsOf,
  type CodexTurnOptions,
} from "./turn-options.ts";

/** Makes the runner `codex`. Nothing is looked up or started until it is checked or runs. */
export function codexRunner(
  options: CodexOptions,
  context: Pick<PluginContext, "clock" | "folder" | "logger">,
): Runner<CodexTurnOptions> {
  const environment = codexEnvironment(options);
  const find = (): Promise<CodexBinary | undefined> =>
    findBinary({ command: options.command, searchPath: environment["PATH"] });
  let known = "";
  const met = ({ path }: CodexBinary, version: string, logger: Logger): void => {
    const found = `codex ${version} at ${path}`;
    if (found !== known) logger.info(found, { version, path });
    known = found;
  };
  const setup: TurnSetup = {
    clock: context.clock,
    environment,
    emptyFolder: join(context.folder, "empty"),
    findBinary: find,
    met,
  };
  return defineRunner({
    name: "codex",
    capabilities: { resume: true, questions: "live" },
    sessionScope: "machine",
    options: codexTurnOptionsSchema,
    callerOptions: codexCallerOptions,
    toolPair: codexToolPair,
    limits: limitsOf,
    checkOptions,
    authority: (turn) =>
      authorityOf(turn, {
        emptyFolder: setup.emptyFolder,
        temporaryFolder: environment["TMPDIR"],
      }),
    check: async (signal) => {
      const binary = await find();
      const health = await checkHealth(binary, { env: environment, signal });
      if (binary !== undefined && health.version !== null) {
        met(binary, health.version, context.logger);
      }
      return health;
    },
    run: (turn, io) => runTurn(turn, io, setup),
  });
}
