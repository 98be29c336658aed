import { Argument } from "commander";
import { runs, type CommandRow, type CommonOptions, type Invocation } from "../command.ts";
import { confirm } from "../confirm.ts";
import type { Client, Plan } from "../connect/change.ts";
import { claudeClient } from "../connect/claude.ts";
import { codexClient } from "../connect/codex.ts";
import { mcpEntry } from "../connect/entry.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { plainText } from "../render/plain-text.ts";

interface Options extends CommonOptions {
  readonly print?: boolean;
  readonly remove?: boolean;
  readonly yes?: boolean;
  readonly approve?: boolean;
}

/** The clients that can be connected, by the names of their commands. */
const clients = { claude: claudeClient, codex: codexClient } as const;

type ClientName = keyof typeof clients;

export const connect: CommandRow = {
  name: "connect",
  add: (commands, program) => {
    const command = commands
      .command("connect")
      .description("make the bridge known to an MCP client: shows the exact change and asks")
      .addArgument(new Argument("<client>", "the client").choices(Object.keys(clients)))
      .option("--print", "print what belongs into the client's settings; change nothing")
      .option("--remove", "take it out again")
      .option("--approve", "let Codex call the bridge's tools without asking each time")
      .option("--yes", "do not ask");
    runs<Options>(command, program, async (invocation) => {
      const { args, options, surroundings } = invocation;
      const name = args[0] as ClientName;
      const choice = { approve: options.approve === true };
      const client = clients[name](surroundings, mcpEntry(surroundings), choice);
      if (options.print === true) return print(invocation, name, client);
      return await change(invocation, name, client);
    });
  },
};

function print({ printer }: Invocation<Options>, name: ClientName, client: Client): ExitCode {
  const snippet = client.snippet();
  printer.json({ client: name, snippet: snippet.join("\n") });
  printer.text(snippet);
  return exitCodes.ok;
}

async function change(
  { options, printer, surroundings }: Invocation<Options>,
  name: ClientName,
  client: Client,
): Promise<ExitCode> {
  const isRemoval = options.remove === true;
  const plan = isRemoval ? client.remove() : client.add();
  if (plan.state === "done") {
    printer.json({ client: name, file: plan.file, changed: false });
    printer.text([
      isRemoval
        ? `${client.title} does not know the bridge: ${plan.file}`
        : `${client.title} knows the bridge already: ${plan.file}`,
    ]);
    return exitCodes.ok;
  }
  // The file is the client's: what stands in it is not to steer the terminal.
  printer.text(plan.shown.map(plainText));
  if (printer.isJson && options.yes !== true) {
    printer.json({ client: name, file: plan.file, changed: false, wanted: plan.shown });
    surroundings.stderr.write("Nothing was changed: say --yes if it should be.\n");
    return exitCodes.usage;
  }
  const asked = { question: plan.question, yes: options.yes === true, isJson: printer.isJson };
  if (!(await confirm(surroundings, asked))) {
    printer.note(["Nothing was changed."]);
    return exitCodes.failed;
  }
  const told = await plan.apply(surroundings.interrupts());
  printer.json({ client: name, file: plan.file, changed: true, wanted: plan.shown, told });
  printer.text([doneText(plan, client, isRemoval), ...told]);
  return exitCodes.ok;
}

function doneText({ file }: Plan, { title }: Client, isRemoval: boolean): string {
  const what = isRemoval ? `${title} no longer knows the bridge` : `${title} knows the bridge`;
  return `${what}: ${file}. It counts from the client's next start.`;
}
