import type { CommandRow } from "../command.ts";
import { cancel } from "./task/cancel.ts";
import { events } from "./task/events.ts";
import { list } from "./task/list.ts";
import { reply } from "./task/reply.ts";
import { resume } from "./task/resume.ts";
import { show } from "./task/show.ts";
import { wait } from "./task/wait.ts";

const rows: readonly CommandRow[] = [list, show, events, wait, cancel, resume, reply];

export const task: CommandRow = {
  name: "task",
  add: (commands, program) => {
    const group = commands.command("task").description("look at tasks and steer them");
    for (const row of rows) row.add(group, program);
  },
};
