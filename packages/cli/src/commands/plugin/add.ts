import { resolve } from "node:path";
import { installPlugin, type PluginDescription } from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { pluginFacts, pluginJson, routeLines } from "../../render/plugin-facts.ts";
import { renderFacts } from "../../render/table.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

export const add: CommandRow = {
  name: "add",
  add: (commands, program) => {
    const command = commands
      .command("add")
      .description("install a plugin beside the configuration, without running anything of it")
      .argument("<plugin>", "NAME, NAME@VERSION, or the path of a packed file or of a folder")
      .option("--config <file>", "beside this configuration");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      const found = await installPlugin({
        source: sourceOf(args[0] ?? ""),
        configFolder: paths.configFolder,
        env: surroundings.env,
        signal: surroundings.interrupts(),
      });
      printer.json({ plugin: pluginJson(found), configFile: paths.configFile });
      printer.text([...renderFacts(pluginFacts(found)), ...howToUse(found, paths.configFile)]);
      return exitCodes.ok;
    });
  },
};

/** A path may be relative here: the user typed it. */
function sourceOf(text: string): string {
  return /^\.{0,2}\/|^\.{1,2}$|\.tgz$/.test(text) ? resolve(text) : text;
}

function howToUse({ specifier, manifest }: PluginDescription, file: string): readonly string[] {
  const routes = manifest?.exampleRoutes ?? [];
  return [
    "",
    `The configuration is not changed. To use the plugin, put this into ${file}:`,
    `  "plugins": { ${JSON.stringify(specifier)}: {} },`,
    ...(routes.length === 0
      ? []
      : ['  "routes": [', ...routeLines(routes), "  ],", "The routes are examples: change them."]),
    `\`agent-bridge plugin inspect ${specifier}\` shows it again. It is loaded at the daemon's next start.`,
  ];
}
