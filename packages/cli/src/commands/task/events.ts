import {
  connectTo,
  runs,
  wholeNumber,
  type CommandRow,
  type CommonOptions,
} from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { exitCodeOfTask, printEvent, watchTask } from "../../watch-task.ts";

interface Options extends CommonOptions {
  readonly follow?: boolean;
  readonly after?: string;
  readonly limit: number;
}

export const events: CommandRow = {
  name: "events",
  add: (commands, program) => {
    const limit = wholeNumber("--limit", { from: 1, to: 10_000 });
    const command = commands
      .command("events")
      .description("print a task's events; with --json one a line, each with its cursor")
      .argument("<task-id>")
      .option("--follow", "go on live until the task has ended; the exit code tells how")
      .option("--after <cursor>", "only those behind this cursor")
      .option("--limit <count>", "without --follow: how many at most", limit, 10_000);
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const taskId = args[0] ?? "";
      const after = options.after ?? null;
      if (options.follow === true) {
        const request = { taskId, after, printer, output: "text" } as const;
        return exitCodeOfTask(await watchTask(surroundings, request));
      }
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const request = { taskId, after, limit: options.limit };
      const found = await client.call("events", request, { signal });
      for (const event of found.events) printEvent(printer, event, "text");
      if (!found.atHead) printer.note([`There are more: --after ${found.next}`]);
      return exitCodes.ok;
    });
  },
};
