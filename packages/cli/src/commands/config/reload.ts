import { callOnce, runs, type CommandRow } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { plainText } from "../../render/plain-text.ts";

export const reload: CommandRow = {
  name: "reload",
  add: (commands, program) => {
    const command = commands
      .command("reload")
      .description(
        "let the daemon take over changed routes, limits and retention, all of them or none; as SIGHUP does",
      );
    runs(command, program, async ({ printer, surroundings }) => {
      const signal = surroundings.interrupts();
      const changes = await callOnce(
        surroundings,
        async (client) => await client.call("reload", {}, { signal }),
      );
      const { now, atNextStart } = changes;
      printer.json(changes);
      printer.text([
        now.length > 0 ? "Now in force:" : "Nothing has changed that a running daemon takes over.",
        ...now.map((line) => `  ${plainText(line)}`),
        ...(atNextStart.length > 0 ? ["At the next start:"] : []),
        ...atNextStart.map((line) => `  ${plainText(line)}`),
      ]);
      return exitCodes.ok;
    });
  },
};
