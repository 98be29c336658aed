import { configJsonSchema } from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { inspect } from "../../inspection.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

export const schema: CommandRow = {
  name: "schema",
  add: (commands, program) => {
    const command = commands
      .command("schema")
      .description("print its JSON Schema with the options of the plugins in it, for `$schema`")
      .option("--config <file>", "with the plugins of this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      await using found = await inspect(surroundings, pathsOf(surroundings, options.config));
      const { plugins } = found;
      const made = configJsonSchema({
        plugins: plugins?.declared ?? new Map(),
        runners: plugins?.runners ?? [],
      });
      printer.json(made);
      printer.text([JSON.stringify(made, null, 2)]);
      return exitCodes.ok;
    });
  },
};
