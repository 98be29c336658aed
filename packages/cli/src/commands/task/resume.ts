import { callOnce, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { taskJson } from "../../json-output.ts";
import { watchAnswer } from "../../watch-task.ts";

interface Options extends CommonOptions {
  readonly conversation: string;
  readonly message?: string;
  readonly key?: string;
  readonly follow?: boolean;
}

export const resume: CommandRow = {
  name: "resume",
  add: (commands, program) => {
    const command = commands
      .command("resume")
      .description("go on with a task: join it while it is open, or continue it in a new task")
      .argument("<task-id>")
      .requiredOption(
        "--conversation <id>",
        "the conversation that the task belongs to (required; `task show` names it)",
      )
      .option("--message <text>", "what to say to go on")
      .option("--key <key>", "idempotency key of the new task")
      .option("--follow", "show what happens until it has ended, then print the answer");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const { conversation, message, key, follow } = options;
      const signal = surroundings.interrupts();
      const request = {
        taskId: args[0] ?? "",
        conversationId: conversation,
        ...(message === undefined ? {} : { message }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      };
      const { task, created } = await callOnce(surroundings, (client) =>
        client.call("resume", request, { signal }),
      );
      if (follow === true) return await watchAnswer(surroundings, { taskId: task.id, printer });
      printer.json({ task: taskJson(task), created });
      printer.text([task.id]);
      printer.note([created ? `It continues ${request.taskId}.` : "It is the same task."]);
      return exitCodes.ok;
    });
  },
};
