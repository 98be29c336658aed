import { connectTo, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { deadLetterJson } from "../../json-output.ts";
import { plainText } from "../../render/plain-text.ts";
import { renderFacts } from "../../render/table.ts";

export const show: CommandRow = {
  name: "show",
  add: (commands, program) => {
    const command = commands
      .command("show")
      .description("show one with what it holds")
      .argument("<dead-letter-id>");
    runs(command, program, async ({ args, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const letter = await client.call("deadLetter", { deadLetterId: args[0] ?? "" }, { signal });
      printer.json({ deadLetter: deadLetterJson(letter) });
      const facts = renderFacts([
        ["dead letter", letter.id],
        ["reason", letter.reason],
        ["detail", plainText(letter.detail)],
        ["kind", plainText(letter.kind ?? "none")],
        ["channel", letter.channel ?? "direct"],
        ["workspace", plainText(letter.workspace || "none")],
        ["message", plainText(letter.messageId ?? "none")],
        ["task", letter.taskId ?? "none"],
        ["made", new Date(letter.at).toISOString()],
        ["size", `${letter.bytes} bytes, SHA-256 ${letter.sha256}`],
      ]);
      printer.text([...facts, "", plainText(letter.payload)]);
      return exitCodes.ok;
    });
  },
};
