import type { CommandRow } from "../command.ts";
import { drop } from "./dead-letter/drop.ts";
import { list } from "./dead-letter/list.ts";
import { retry } from "./dead-letter/retry.ts";
import { show } from "./dead-letter/show.ts";

const rows: readonly CommandRow[] = [list, show, retry, drop];

export const deadLetter: CommandRow = {
  name: "dead-letter",
  add: (commands, program) => {
    const group = commands
      .command("dead-letter")
      .description("look at messages that could not be handled and replies that could not be sent");
    for (const row of rows) row.add(group, program);
  },
};
