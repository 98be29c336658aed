import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { inspect, usable } from "../../inspection.ts";
import { renderTable } from "../../render/table.ts";
import { routeTable, type RouteRow } from "../../route-table.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

/** Whether a rule can match, in a word or two. */
const reachText = ({ reach, shadowedBy }: RouteRow): string => {
  const by = shadowedBy === null ? "" : ` ${shadowedBy + 1}`;
  switch (reach) {
    case "reachable":
      return "yes";
    case "nobody":
      return "NO: from nobody";
    case "shadowed":
      return `NO: behind${by}`;
    case "asked_for":
      return `behind${by}: only by --runner`;
    case "left_out":
      return "NO: its kind is missing";
    default:
      return reach satisfies never;
  }
};

const fromText = ({ from }: RouteRow["route"]): string => {
  if (from === "*") return "everyone";
  return from.length === 0 ? "nobody" : from.join(", ");
};

const optionsText = ({ options }: RouteRow["route"]): string =>
  Object.entries(options)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");

export const list: CommandRow = {
  name: "list",
  add: (commands, program) => {
    const command = commands
      .command("list")
      .description("list the routes of the configuration: the first that matches wins")
      .option("--config <file>", "of this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      await using found = await inspect(surroundings, paths);
      const parts = usable(found, paths);
      const { rows } = routeTable(parts, paths);
      printer.json({ file: paths.configFile, routes: rows });
      const shown = rows.map((row) => [
        String(row.index + 1),
        row.route.kind,
        fromText(row.route),
        row.route.runner,
        row.runnerFrom ?? "NOBODY",
        reachText(row),
        row.power ?? "none",
        optionsText(row.route),
      ]);
      const head = ["#", "KIND", "FROM", "RUNNER", "OF", "MATCHES", "POWER", "OPTIONS"];
      printer.text(renderTable(head, shown));
      printer.note(parts.routes.notes);
      if (rows.length === 0) printer.note(["There are no routes: nobody may send anything."]);
      return exitCodes.ok;
    });
  },
};
