import { Command, CommanderError } from "commander";
import { BridgeError, isBridgeError } from "@agent-bridge/core";
import { hostVersion } from "@agent-bridge/host";
import type { Program } from "./command.ts";
import { commands } from "./commands.ts";
import { exitCodeOf, exitCodes, type ExitCode } from "./exit-codes.ts";
import { createPrinter } from "./printer.ts";
import { Interrupted, type Surroundings } from "./surroundings.ts";

/**
 * Runs a command line.
 *
 * @param args without Node and the program's name
 * @returns the exit code; never throws for what the user or the daemon did
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program: Program = {
    surroundings,
    finish: (finished) => (code = finished),
    fail: (thrown, printer) => {
      code = codeOf(thrown);
      if (code !== exitCodes.interrupted) printer.error(thrown);
    },
  };
  const root = declareCommands(program);
  try {
    await root.parseAsync(args, { from: "user" });
  } catch (error) {
    const json = args.includes("--json");
    const debug = args.includes("--debug");
    const refused = error instanceof CommanderError ? usageError(error) : error;
    if (refused !== undefined) program.fail(refused, createPrinter(surroundings, { json, debug }));
  }
  return code;
}

/** Every command with its arguments and options. */
export function declareCommands(program: Program): Command {
  const { stdout, stderr } = program.surroundings;
  const root = new Command("agent-bridge")
    .description("The durable mailbox-and-task layer for coding agents.")
    .version(hostVersion, "-V, --version", "print the version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      // Told by the printer instead.
      outputError: () => undefined,
    })
    .exitOverride();
  for (const row of commands) row.add(root, program);
  return root;
}

/** @returns undefined for help and version, which commander ends with an error as well */
function usageError(error: CommanderError): BridgeError | undefined {
  if (error.exitCode === 0) return undefined;
  const detail =
    error.code === "commander.help"
      ? "a command is missing."
      : `${error.message.replace(/^error: /, "").replaceAll("\n", " ")}.`.replace(/\.\.$/, ".");
  const dash =
    error.code === "commander.unknownOption"
      ? " After `--`, a text may begin with a dash; options stand before it."
      : "";
  const help =
    "`agent-bridge --help` lists the commands, `agent-bridge COMMAND --help` its options.";
  return new BridgeError("INPUT_INVALID", {
    what: "The command line",
    detail: `${detail}${dash} ${help}`,
  });
}

function codeOf(thrown: unknown): ExitCode {
  if (isBridgeError(thrown)) return exitCodeOf[thrown.code];
  return thrown instanceof Interrupted ? exitCodes.interrupted : exitCodes.failed;
}
