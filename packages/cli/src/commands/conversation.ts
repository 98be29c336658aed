import type { DaemonClient } from "@agent-bridge/host";
import { connectTo, runs, type CommandRow, type CommonOptions } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { conversationJson, historyJson } from "../json-output.ts";
import { formatDuration } from "../render/duration.ts";
import { plainText } from "../render/plain-text.ts";
import { renderFacts, renderTable } from "../render/table.ts";
import { addPageOptions, nextPageNote, pageOf, type PageOptions } from "./page.ts";

/** The newest tasks of a conversation whose replies were given up, oldest first. */
async function undeliveredTasks(
  client: DaemonClient,
  conversationId: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const request = { filter: { conversationId }, page: { limit: 1000 } };
  const { items } = await client.call("tasks", request, { signal });
  return items.flatMap(({ id, reply }) => (reply === "dead" ? [id] : [])).toReversed();
}

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
      const undelivered = await undeliveredTasks(client, id, signal);
      printer.json({ conversation: conversationJson(found.conversation), history, undelivered });
      const facts = renderFacts([
        ["conversation", id],
        ["key", plainText(key)],
        ["channel", channel === null ? "direct" : `${channel}, workspace ${plainText(workspace)}`],
        ["open tasks", String(openTasks)],
        ["undelivered", undelivered.join(", ") || "none"],
        [
          "sessions",
          sessions.map((each) => `${each.runner} ${each.sessionId}`).join(", ") || "none",
        ],
      ]);
      const messages = found.history.flatMap(({ role, text, at, taskId }) => [
        "",
        `${new Date(at).toISOString()} ${role}${role === "assistant" && undelivered.includes(taskId) ? " (not delivered)" : ""}`,
        plainText(text),
      ]);
      printer.text([...facts, ...messages]);
      return exitCodes.ok;
    });
  },
};
