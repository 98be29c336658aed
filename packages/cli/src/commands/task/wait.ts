import { BridgeError } from "@agent-bridge/core";
import {
  connectTo,
  runs,
  wholeNumber,
  type CommandRow,
  type CommonOptions,
} from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { taskJson } from "../../json-output.ts";
import { taskState } from "../../render/task-facts.ts";
import { renderTable } from "../../render/table.ts";
import { exitCodeOfTask } from "../../watch-task.ts";

interface Options extends CommonOptions {
  readonly timeout: number;
  readonly any?: boolean;
}

export const wait: CommandRow = {
  name: "wait",
  add: (commands, program) => {
    const seconds = wholeNumber("--timeout", { from: 0, to: 86_400 });
    const command = commands
      .command("wait")
      .description("wait until tasks have ended or wait for an answer")
      .argument("<task-id...>")
      .option("--any", "until one of them has; default: all")
      .option("--timeout <seconds>", "how long at most", seconds, 3600);
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const until: "any" | "all" = options.any === true ? "any" : "all";
      const timeoutMs = options.timeout * 1000;
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const request = { taskIds: [...args], until, timeoutMs };
      const { timedOut, tasks } = await client.call("wait", request, { signal });
      printer.json({ timedOut, tasks: tasks.map(taskJson) });
      const rows = tasks.map((task) => [task.id, taskState(task), task.error?.message ?? ""]);
      printer.text(renderTable(["TASK", "STATE", ""], rows));
      if (timedOut) {
        const what = `The end of ${until} of the tasks`;
        printer.note([new BridgeError("TIMED_OUT", { what, afterMs: timeoutMs }).message]);
        return exitCodes.timedOut;
      }
      const failed = tasks.find(({ error }) => error !== null);
      return failed === undefined ? exitCodes.ok : exitCodeOfTask(failed);
    });
  },
};
