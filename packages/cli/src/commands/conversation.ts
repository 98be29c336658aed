import { connectTo, runs, type CommandRow, type CommonOptions } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { conversationJson, historyJson } from "../json-output.ts";
import { formatDuration } from "../render/duration.ts";
import { plainText } from "../render/plain-text.ts";
import { renderFacts, renderTable } from "../render/table.ts";
import { addPageOptions, nextPageNote, pageOf, type PageOptions } from "./page.ts";

export const conversation: CommandRow = {
  name: "conversation",
  add: (commands, program) => {
    const group = commands.command("conversation").description("look at conversations");

    const list = addPageOptions(group.command("list").description("list them, newest first"));
    runs<PageOptions>(list, program, async ({ options, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const found = await client.call("conversations", pageOf(options), { signal });
      printer.json({ conversations: found.items.map(conversationJson), next: found.next });
      const rows = found.items.map(({ id, key, channel, openTasks, lastActiveAt }) => [
        id,
        channel ?? "direct",
        String(openTasks),
        `${formatDuration(Date.now() - lastActiveAt)} ago`,
        key,
      ]);
      printer.text(renderTable(["CONVERSATION", "CHANNEL", "OPEN", "ACTIVE", "KEY"], rows));
      printer.note(nextPageNote(found.next));
      return exitCodes.ok;
    });

    const show = group
      .command("show")
      .description("show one with its messages, oldest first")
      .argument("<conversation-id>");
    runs<CommonOptions>(show, program, async ({ args, printer, surroundings }) => {
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const request = { conversationId: args[0] ?? "" };
      const found = await client.call("conversation", request, { signal });
      const { id, key, channel, workspace, openTasks, sessions } = found.conversation;
      const history = found.history.map(historyJson);
      printer.json({ conversation: conversationJson(found.conversation), history });
      const facts = renderFacts([
        ["conversation", id],
        ["key", plainText(key)],
        ["channel", channel === null ? "direct" : `${channel}, workspace ${plainText(workspace)}`],
        ["open tasks", String(openTasks)],
        [
          "sessions",
          sessions.map((each) => `${each.runner} ${each.sessionId}`).join(", ") || "none",
        ],
      ]);
      const messages = found.history.flatMap(({ role, text, at }) => [
        "",
        `${new Date(at).toISOString()} ${role}`,
        plainText(text),
      ]);
      printer.text([...facts, ...messages]);
      return exitCodes.ok;
    });
  },
};
