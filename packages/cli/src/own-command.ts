import type { Surroundings } from "./surroundings.ts";

/** What starts this command again, by absolute paths. */
export function ownCommand(
  { program }: Pick<Surroundings, "program">,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  return { command: process.execPath, args: [...process.execArgv, program, ...args] };
}
