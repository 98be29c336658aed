import { BridgeError, transitions, type TaskStatus } from "@agent-bridge/core";
import { connectTo, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { taskJson } from "../../json-output.ts";
import { formatDuration } from "../../render/duration.ts";
import { renderTable } from "../../render/table.ts";
import { taskState } from "../../render/task-facts.ts";
import { addPageOptions, nextPageNote, pageOf, type PageOptions } from "../page.ts";

interface Options extends PageOptions {
  readonly status?: readonly string[];
  readonly kind?: string;
  readonly runner?: string;
  readonly conversation?: string;
}

const statuses = Object.keys(transitions) as readonly TaskStatus[];

export const list: CommandRow = {
  name: "list",
  add: (commands, program) => {
    const command = addPageOptions(commands.command("list").description("list tasks, newest first"))
      .option("--status <status...>", `only these: ${statuses.join(", ")}`)
      .option("--kind <kind>", "only of this kind")
      .option("--runner <name>", "only of this runner")
      .option("--conversation <id>", "only of this conversation");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const { status, kind, runner, conversation } = options;
      const filter = {
        ...(status === undefined ? {} : { status: status.map(asStatus) }),
        ...(kind === undefined ? {} : { kind }),
        ...(runner === undefined ? {} : { runner }),
        ...(conversation === undefined ? {} : { conversationId: conversation }),
      };
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const found = await client.call("tasks", { filter, page: pageOf(options) }, { signal });
      printer.json({ tasks: found.items.map(taskJson), next: found.next });
      const rows = found.items.map((task) => [
        task.id,
        taskState(task),
        task.kind,
        task.runner,
        `${formatDuration(Date.now() - task.createdAt)} ago`,
        task.input.prompt,
      ]);
      printer.text(renderTable(["TASK", "STATE", "KIND", "RUNNER", "MADE", "MESSAGE"], rows));
      printer.note(nextPageNote(found.next));
      return exitCodes.ok;
    });
  },
};

function asStatus(text: string): TaskStatus {
  const status = statuses.find((each) => each === text);
  if (status !== undefined) return status;
  const detail = `write one of ${statuses.join(", ")}.`;
  throw new BridgeError("INPUT_INVALID", { what: `--status ${text}`, detail });
}
