import { type Command } from "commander";
import { BridgeError } from "@agent-bridge/core";
import {
  connectDaemon,
  resolvePaths,
  versionNotice,
  type ConnectOptions,
  type DaemonClient,
  type HostPaths,
} from "@agent-bridge/host";
import type { ExitCode } from "./exit-codes.ts";
import { createPrinter, type Printer } from "./printer.ts";
import type { Surroundings } from "./surroundings.ts";

/** What every command has: its surroundings and the way to its exit code. */
export interface Program {
  readonly surroundings: Surroundings;
  /** Set by the command that ran. */
  finish(code: ExitCode): void;
  fail(thrown: unknown, printer: Printer): void;
}

/** One row of the table of commands. */
export interface CommandRow {
  readonly name: string;
  /** Declares the command with its arguments and options. */
  add(commands: Command, program: Program): void;
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** What a running command works with. */
export interface Invocation<O> {
  readonly args: readonly string[];
  readonly options: O;
  readonly surroundings: Surroundings;
  readonly printer: Printer;
}

/**
 * Gives a command its common options and its action.
 *
 * @param act returns the exit code; what it throws is told, and gives the exit code of its error
 */
export function runs<O extends CommonOptions>(
  command: Command,
  program: Program,
  act: (invocation: Invocation<O>) => Promise<ExitCode>,
): void {
  command
    .option("--json", "print JSON only")
    .option("--debug", "print stack traces of errors")
    .action(async () => {
      const options = command.opts<O>();
      const { surroundings } = program;
      const printer = createPrinter(surroundings, options);
      try {
        // Variadic arguments come as lists.
        const args = (command.processedArgs as (string | readonly string[] | undefined)[])
          .flat()
          .filter((arg) => arg !== undefined);
        program.finish(await act({ args, options, surroundings, printer }));
      } catch (error) {
        program.fail(error, printer);
      }
    });
}

/** The files of the bridge that this command is about. */
export function pathsOf(surroundings: Surroundings, configFile?: string): HostPaths {
  return resolvePaths({
    env: surroundings.env,
    ...(configFile === undefined ? {} : { configFile }),
  });
}

/** Connects to the daemon; SIGINT gives up. Dispose the client, or the process does not end. */
export async function connectTo(
  surroundings: Surroundings,
  options: ConnectOptions = {},
): Promise<DaemonClient> {
  const signal = surroundings.interrupts();
  const client = await connectDaemon(pathsOf(surroundings), { signal, ...options });
  const notice = versionNotice(client.daemon);
  if (notice !== null && !noticed.has(surroundings)) surroundings.stderr.write(`${notice}\n`);
  noticed.add(surroundings);
  return client;
}

/** Who was told that the daemon is of another version: once a command is enough. */
const noticed = new WeakSet<Surroundings>();

/** Connects for one call, so that nothing is held while its result is followed. */
export async function callOnce<R>(
  surroundings: Surroundings,
  call: (client: DaemonClient) => Promise<R>,
): Promise<R> {
  await using client = await connectTo(surroundings);
  return await call(client);
}

/** Reads an option that is a whole number in a range. */
export function wholeNumber(
  name: string,
  range: { readonly from: number; readonly to: number },
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= range.from && value <= range.to) return value;
    const detail = `write a whole number from ${range.from} to ${range.to}.`;
    throw new BridgeError("INPUT_INVALID", { what: `${name} ${text}`, detail });
  };
}
