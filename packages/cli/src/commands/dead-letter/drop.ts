import { connectTo, runs, type CommandRow } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { exitCodes } from "../../exit-codes.ts";
import { addChoiceOptions, chosenLetters, type ChoiceOptions } from "./chosen.ts";

/** The most that the daemon drops at once. */
const callLetters = 1000;

export const drop: CommandRow = {
  name: "drop",
  add: (commands, program) => {
    const command = addChoiceOptions(
      commands.command("drop").description("remove some for good; what they hold is gone"),
    );
    runs<ChoiceOptions>(command, program, async ({ args, options, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const ids = await chosenLetters(client, { ids: args, options }, signal);
      if (ids.length > 1) {
        const question = `Drop ${ids.length} dead letters for good?`;
        const asked = { question, yes: options.yes === true, isJson: printer.isJson };
        if (!(await confirm(surroundings, asked))) {
          printer.note(["Nothing was dropped."]);
          return exitCodes.failed;
        }
      }
      const dropped: string[] = [];
      for (let at = 0; at < ids.length; at += callLetters) {
        const deadLetterIds = ids.slice(at, at + callLetters);
        dropped.push(
          ...(await client.call("dropDeadLetters", { deadLetterIds }, { signal })).dropped,
        );
      }
      printer.json({ dropped });
      printer.text([`Dropped ${dropped.length} of ${ids.length}.`]);
      if (dropped.length < ids.length) printer.note(["The others are not there, or no longer."]);
      return exitCodes.ok;
    });
  },
};
