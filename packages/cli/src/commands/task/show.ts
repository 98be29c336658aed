import { connectTo, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { questionJson, taskJson } from "../../json-output.ts";
import { renderTask } from "../../render/task-facts.ts";

export const show: CommandRow = {
  name: "show",
  add: (commands, program) => {
    const command = commands
      .command("show")
      .description("show a task with its message, answer and questions")
      .argument("<task-id>");
    runs(command, program, async ({ args, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const found = await client.call("task", { taskId: args[0] ?? "" }, { signal });
      const { task, questions } = found;
      printer.json({ task: taskJson(task), questions: questions.map(questionJson) });
      printer.text(renderTask(task, questions, Date.now()));
      return exitCodes.ok;
    });
  },
};
