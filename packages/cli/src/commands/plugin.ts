import type { CommandRow } from "../command.ts";
import { add } from "./plugin/add.ts";
import { inspect } from "./plugin/inspect.ts";
import { list } from "./plugin/list.ts";

const rows: readonly CommandRow[] = [add, list, inspect];

export const plugin: CommandRow = {
  name: "plugin",
  add: (commands, program) => {
    const group = commands.command("plugin").description("install plugins and look at them");
    for (const row of rows) row.add(group, program);
  },
};
