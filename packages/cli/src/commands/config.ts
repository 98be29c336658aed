import type { CommandRow } from "../command.ts";
import { check } from "./config/check.ts";
import { reload } from "./config/reload.ts";
import { schema } from "./config/schema.ts";
import { show } from "./config/show.ts";

const rows: readonly CommandRow[] = [show, check, schema, reload];

export const config: CommandRow = {
  name: "config",
  add: (commands, program) => {
    const group = commands.command("config").description("look at the configuration and use it");
    for (const row of rows) row.add(group, program);
  },
};
