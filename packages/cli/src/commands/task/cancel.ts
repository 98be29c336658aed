import { connectTo, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { taskJson } from "../../json-output.ts";
import { taskState } from "../../render/task-facts.ts";

interface Options extends CommonOptions {
  readonly reason?: string;
}

export const cancel: CommandRow = {
  name: "cancel",
  add: (commands, program) => {
    const command = commands
      .command("cancel")
      .description("end a task; what it had produced is kept")
      .argument("<task-id>")
      .option("--reason <text>", "why, for its log");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const { reason } = options;
      await using client = await connectTo(surroundings);
      const request = { taskId: args[0] ?? "", ...(reason === undefined ? {} : { reason }) };
      const signal = surroundings.interrupts();
      const { changed, task } = await client.call("cancel", request, { signal });
      printer.json({ changed, task: taskJson(task) });
      const what = changed ? "The cancel is stored" : "Nothing to cancel";
      printer.text([`${what}; the task is ${taskState(task)}.`]);
      return exitCodes.ok;
    });
  },
};
