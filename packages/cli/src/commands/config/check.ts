import { configError } from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { inspect } from "../../inspection.ts";
import { plainText } from "../../render/plain-text.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

export const check: CommandRow = {
  name: "check",
  add: (commands, program) => {
    const command = commands
      .command("check")
      .description("tell everything for which a daemon would not start with it, and start nothing")
      .option("--config <file>", "this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      await using found = await inspect(surroundings, paths);
      const { findings } = found;
      const notes = found.routes?.notes ?? [];
      const isValid = findings.length === 0;
      printer.json({ file: paths.configFile, valid: isValid, findings, notes });
      printer.note(notes.map(plainText));
      printer.text([
        isValid
          ? { tone: "good", text: `${paths.configFile} is valid.` }
          : { tone: "bad", text: plainText(configError(paths.configFile, findings).message) },
      ]);
      return isValid ? exitCodes.ok : exitCodes.config;
    });
  },
};
