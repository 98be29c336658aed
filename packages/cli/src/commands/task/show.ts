import type { EventData } from "@agent-bridge/core";
import type { DaemonClient } from "@agent-bridge/host";
import { connectTo, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { questionJson, taskJson } from "../../json-output.ts";
import { renderTask } from "../../render/task-facts.ts";

/** Why a reply was given up the last time, and the dead letter that it became. */
async function replyFailure(
  client: DaemonClient,
  taskId: string,
  signal: AbortSignal,
): Promise<EventData["reply.failed"] | null> {
  const { events } = await client.call("events", { taskId, types: ["reply.failed"] }, { signal });
  const last = events.at(-1);
  return last?.type === "reply.failed" ? last.data : null;
}

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
      const failure = task.reply === "dead" ? await replyFailure(client, task.id, signal) : null;
      printer.json({
        task: taskJson(task),
        questions: questions.map(questionJson),
        replyFailure: failure,
      });
      printer.text(renderTask({ task, questions, replyFailure: failure }, Date.now()));
      return exitCodes.ok;
    });
  },
};
