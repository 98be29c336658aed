import type { CommandRow } from "../command.ts";
import { explain } from "./route/explain.ts";
import { list } from "./route/list.ts";

const rows: readonly CommandRow[] = [list, explain];

export const route: CommandRow = {
  name: "route",
  add: (commands, program) => {
    const group = commands
      .command("route")
      .description("look at who may send what to which runner; nothing is sent or run");
    for (const row of rows) row.add(group, program);
  },
};
