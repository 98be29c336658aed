import {
  configError,
  configJsonSchema,
  effectiveConfig,
  type ConfigChoice,
  type EffectiveValue,
} from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { inspect } from "../../inspection.ts";
import { plainText } from "../../render/plain-text.ts";
import { renderTable } from "../../render/table.ts";

interface Options extends CommonOptions {
  readonly config?: string;
  readonly origin?: boolean;
}

/** Why the file is looked for where it is. */
const choices: Readonly<Record<ConfigChoice, string>> = {
  "--config": "it was named by --config",
  AGENT_BRIDGE_HOME: "AGENT_BRIDGE_HOME is set",
  XDG_CONFIG_HOME: "XDG_CONFIG_HOME is set",
  default: "it is the user's config folder, and nothing says otherwise",
};

const originText = ({ origin }: EffectiveValue): string =>
  origin.type === "file" ? `${origin.line}:${origin.column}` : "default";

export const show: CommandRow = {
  name: "show",
  add: (commands, program) => {
    const command = commands
      .command("show")
      .description("print it as it is used, with its defaults; secrets only as references")
      .option("--origin", "say of each value where it comes from")
      .option("--config <file>", "this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      await using found = await inspect(surroundings, paths);
      const { loaded, plugins } = found;
      if (loaded === null) throw configError(paths.configFile, found.findings);
      const schema = configJsonSchema({
        plugins: plugins?.declared ?? new Map(),
        runners: plugins?.runners ?? [],
      });
      const { config, values } = effectiveConfig(loaded.document, schema);
      const because = choices[paths.configChosenBy];
      printer.json({
        file: paths.configFile,
        chosenBy: paths.configChosenBy,
        config,
        ...(options.origin === true ? { values } : {}),
      });
      printer.note([`${paths.configFile} (${because})`]);
      if (found.findings.length > 0)
        printer.note(["A daemon does not start with it: `agent-bridge config check` tells why."]);
      const rows = values.map((each) => [each.path, originText(each), JSON.stringify(each.value)]);
      printer.text(
        options.origin === true
          ? renderTable(["VALUE OF", "FROM", "VALUE"], rows)
          : [plainText(JSON.stringify(config, null, 2))],
      );
      return exitCodes.ok;
    });
  },
};
