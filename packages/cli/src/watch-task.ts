import type { BridgeEvent, Task } from "@agent-bridge/core";
import { connectTo } from "./command.ts";
import { exitCodeOfFailure, exitCodes, type ExitCode } from "./exit-codes.ts";
import { followTask } from "./follow.ts";
import { eventJson } from "./json-output.ts";
import { LiveLine } from "./live-line.ts";
import type { Printer } from "./printer.ts";
import { renderEvent } from "./render/event-lines.ts";
import { plainText } from "./render/plain-text.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where a followed task's activity is printed: it is the answer of `task events`, but not of `send`. */
export type ActivityOutput = "text" | "note";

/** Prints an event: a line of JSON, or its lines for people. */
export function printEvent(printer: Printer, event: BridgeEvent, output: ActivityOutput): void {
  printer.json(eventJson(event));
  // Beside an answer that is printed by itself, it would stand there twice.
  if (output === "note" && event.type === "turn.final_answer") return;
  printer[output](renderEvent(event));
}

/** Follows a task to its end and prints what happens. Interrupted, the task itself goes on. */
export async function watchTask(
  surroundings: Surroundings,
  request: {
    readonly taskId: string;
    readonly after?: string | null;
    readonly printer: Printer;
    readonly output: ActivityOutput;
  },
): Promise<Task> {
  const { taskId, after = null, printer, output } = request;
  const signal = surroundings.interrupts();
  try {
    using live = new LiveLine(printer.isJson ? surroundings.stdout : surroundings.stderr);
    const onConnection = (isConnected: boolean): void =>
      printer.note([isConnected ? "The daemon is back." : "The daemon is gone; waiting for it."]);
    for await (const event of followTask(surroundings, { taskId, after, signal, onConnection })) {
      live.show(event, () => printEvent(printer, event, output));
    }
  } catch (error) {
    if (signal.aborted) {
      printer.note([
        `${taskId} goes on. \`agent-bridge task events ${taskId} --follow\` shows it, \`agent-bridge task cancel ${taskId}\` ends it.`,
      ]);
    }
    throw error;
  }
  await using client = await connectTo(surroundings, { signal });
  const { task } = await client.call("task", { taskId }, { signal });
  return task;
}

/** Sends a message's task to the screen: what happens on stderr, the answer on stdout. */
export async function watchAnswer(
  surroundings: Surroundings,
  request: { readonly taskId: string; readonly printer: Printer },
): Promise<ExitCode> {
  const task = await watchTask(surroundings, { ...request, output: "note" });
  if (task.output !== null) request.printer.text([plainText(task.output.output)]);
  return exitCodeOfTask(task);
}

/** 0 for a completed task or one that has not ended, else by its failure. */
export function exitCodeOfTask({ error }: Task): ExitCode {
  return error === null ? exitCodes.ok : exitCodeOfFailure[error.code];
}
