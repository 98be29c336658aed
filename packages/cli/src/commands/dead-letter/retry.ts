import { describeError, isBridgeError } from "@agent-bridge/core";
import { type DaemonClient, toWireError } from "@agent-bridge/host";
import { connectTo, runs, type CommandRow, type Invocation } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { type ExitCode, exitCodes } from "../../exit-codes.ts";
import { plainText } from "../../render/plain-text.ts";
import { addChoiceOptions, chosenLetters, type ChoiceOptions } from "./chosen.ts";

/** What became of one that was taken up. */
type Outcome =
  | { readonly deadLetterId: string; readonly taskId: string | null }
  | { readonly deadLetterId: string; readonly error: unknown };

/** Takes one up. One that can not be handled keeps no other from its turn; what ends the command does. */
async function attempt(
  client: DaemonClient,
  deadLetterId: string,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return {
      deadLetterId,
      ...(await client.call("retryDeadLetter", { deadLetterId }, { signal })),
    };
  } catch (error) {
    if (isBridgeError(error, "INPUT_INVALID", "DEAD_LETTER_NOT_FOUND"))
      return { deadLetterId, error };
    throw error;
  }
}

function outcomeText(outcome: Outcome): string {
  if ("error" in outcome) return plainText(describeError(outcome.error));
  const { deadLetterId, taskId } = outcome;
  return taskId === null
    ? `${deadLetterId} is sent again; it belongs to no task.`
    : `${deadLetterId} goes on as task ${taskId}.`;
}

async function retryAll(
  { printer, surroundings }: Invocation<ChoiceOptions>,
  client: DaemonClient,
  ids: readonly string[],
): Promise<ExitCode> {
  const signal = surroundings.interrupts();
  const outcomes: Outcome[] = [];
  for (const id of ids) outcomes.push(await attempt(client, id, signal));
  const shown = outcomes.map((outcome) =>
    "error" in outcome ? { ...outcome, error: toWireError(outcome.error) } : outcome,
  );
  printer.json({ retried: shown });
  printer.text(outcomes.length === 0 ? ["There is none to take up."] : outcomes.map(outcomeText));
  return outcomes.some((outcome) => "error" in outcome) ? exitCodes.failed : exitCodes.ok;
}

export const retry: CommandRow = {
  name: "retry",
  add: (commands, program) => {
    const command = addChoiceOptions(
      commands
        .command("retry")
        .description("send a reply again, or take a message up by the kinds and routes of now"),
    );
    runs<ChoiceOptions>(command, program, async (invocation) => {
      const { args, options, printer, surroundings } = invocation;
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const ids = await chosenLetters(client, { ids: args, options }, signal);
      const [deadLetterId] = ids;
      if (options.all === true || ids.length > 1) {
        const question = `Take up ${ids.length} dead letters?`;
        const asked = { question, yes: options.yes === true, isJson: printer.isJson };
        if (ids.length < 2 || (await confirm(surroundings, asked)))
          return await retryAll(invocation, client, ids);
        printer.note(["Nothing was taken up."]);
        return exitCodes.failed;
      }
      const request = { deadLetterId: deadLetterId ?? "" };
      const { taskId } = await client.call("retryDeadLetter", request, { signal });
      printer.json({ taskId });
      printer.text([
        taskId === null
          ? "It is sent again. It belongs to no task; if it fails again, it is a dead letter again."
          : `It goes on as task ${taskId}. \`agent-bridge task show ${taskId}\` tells how.`,
      ]);
      return exitCodes.ok;
    });
  },
};
