import { connectTo, runs, type CommandRow, type CommonOptions } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

export const portal: CommandRow = {
  name: "portal",
  add: (commands, program) => {
    const command = commands
      .command("portal")
      .description("show the address of the page, with a code that signs you in once");
    runs<CommonOptions>(command, program, async ({ printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const { pages } = await client.call("pages", {}, { signal });
      printer.json({ pages });
      printer.text([
        ...pages.map(({ url }) => url),
        "Open it within two minutes, in a browser on this machine: the code in it works once.",
      ]);
      return exitCodes.ok;
    });
  },
};
