import type { CommandRow } from "../command.ts";
import { reload } from "./config/reload.ts";

const rows: readonly CommandRow[] = [reload];

export const config: CommandRow = {
  name: "config",
  add: (commands, program) => {
    const group = commands.command("config").description("look at the configuration and use it");
    for (const row of rows) row.add(group, program);
  },
};
