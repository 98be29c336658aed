import { createLogger, inspectPlugin, type InspectedPlugin } from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { configuredPlugins, pluginPlaces } from "../../plugin-places.ts";
import { plainLine, plainText } from "../../render/plain-text.ts";
import { pluginFacts, pluginJson, routeLines } from "../../render/plugin-facts.ts";
import { renderFacts } from "../../render/table.ts";

interface Options extends CommonOptions {
  readonly config?: string;
  readonly run?: boolean;
}

export const inspect: CommandRow = {
  name: "inspect",
  add: (commands, program) => {
    const command = commands
      .command("inspect")
      .description("show what a plugin declares; its code is loaded only if it is configured")
      .argument("<plugin>", "its package's name, or its path as in the configuration")
      .option("--run", "load its code also if it is not configured: it can do what you can")
      .option("--config <file>", "the configuration that is meant");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      const specifier = args[0] ?? "";
      // What stands in the configuration is trusted: the daemon runs it anyway.
      const isConfigured = Object.hasOwn(configuredPlugins(paths), specifier);
      const inspected = await inspectPlugin(specifier, {
        places: pluginPlaces(paths),
        run: options.run === true || isConfigured,
        logger: createLogger({ style: surroundings.stderr.isTTY === true ? "text" : "json" }),
      });
      const { declaration, ...found } = inspected;
      printer.json({ ...pluginJson(found), configured: isConfigured, declaration });
      printer.text([...renderFacts(pluginFacts(inspected)), ...declarationLines(inspected)]);
      return exitCodes.ok;
    });
  },
};

function declarationLines({ declaration, manifest, refused }: InspectedPlugin): readonly string[] {
  const routes = declaration?.exampleRoutes ?? manifest?.exampleRoutes ?? [];
  const examples =
    routes.length === 0 ? [] : ["", "Example routes, none of them active:", ...routeLines(routes)];
  if (declaration === null) {
    const untold = "Its code was not loaded; `--run` loads it, and shows its options and kinds.";
    return [...examples, ...(refused === null ? ["", untold] : [])];
  }
  const { kinds, options } = declaration;
  return [
    ...kinds.flatMap(({ name, description, schema }) => [
      "",
      plainLine(`Kind ${name}: ${description}`, 500),
      ...schemaLines(schema),
    ]),
    "",
    "Options:",
    ...schemaLines(options),
    ...examples,
  ];
}

function schemaLines(schema: object | null): readonly string[] {
  if (schema === null) return ["  (its schema can not be shown)"];
  return plainText(JSON.stringify(schema, undefined, 2))
    .split("\n")
    .map((line) => `  ${line}`);
}
