import { hostVersion } from "@agent-bridge/host";
import { runs, type CommandRow } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderFacts } from "../render/table.ts";

export const version: CommandRow = {
  name: "version",
  add: (commands, program) => {
    const command = commands.command("version").description("print the versions in use");
    runs(command, program, async ({ printer }) => {
      const { node, sqlite = "none" } = process.versions;
      printer.json({ version: hostVersion, node, sqlite });
      printer.text(
        renderFacts([
          ["agent-bridge", hostVersion],
          ["node", node],
          ["sqlite", sqlite],
        ]),
      );
      return await Promise.resolve(exitCodes.ok);
    });
  },
};
