import { connectTo, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { deadLetterJson } from "../../json-output.ts";
import { formatDuration } from "../../render/duration.ts";
import { onlyCountedNotes } from "../../render/only-counted.ts";
import { renderTable } from "../../render/table.ts";
import { addPageOptions, nextPageNote, pageOf, type PageOptions } from "../page.ts";

export const list: CommandRow = {
  name: "list",
  add: (commands, program) => {
    const command = addPageOptions(commands.command("list").description("list them, newest first"));
    runs<PageOptions>(command, program, async ({ options, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const found = await client.call("deadLetters", pageOf(options), { signal });
      const { store } = (await client.call("status", {}, { signal })).bridge;
      const { onlyCounted } = store;
      printer.json({ deadLetters: found.items.map(deadLetterJson), next: found.next, onlyCounted });
      const rows = found.items.map(({ id, reason, channel, at, detail }) => [
        id,
        reason,
        channel ?? "direct",
        `${formatDuration(Date.now() - at)} ago`,
        detail,
      ]);
      printer.text(renderTable(["DEAD LETTER", "REASON", "CHANNEL", "MADE", "DETAIL"], rows));
      printer.note([...nextPageNote(found.next), ...onlyCountedNotes(onlyCounted)]);
      return exitCodes.ok;
    });
  },
};
