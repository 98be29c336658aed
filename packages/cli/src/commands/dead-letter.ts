import type { Command } from "commander";
import { connectTo, runs, type CommandRow, type CommonOptions, type Program } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { deadLetterJson } from "../json-output.ts";
import { formatDuration } from "../render/duration.ts";
import { plainText } from "../render/plain-text.ts";
import { renderFacts, renderTable } from "../render/table.ts";
import { addPageOptions, nextPageNote, pageOf, type PageOptions } from "./page.ts";

function addList(group: Command, program: Program): void {
  const list = addPageOptions(group.command("list").description("list them, newest first"));
  runs<PageOptions>(list, program, async ({ options, printer, surroundings }) => {
    await using client = await connectTo(surroundings);
    const signal = surroundings.interrupts();
    const found = await client.call("deadLetters", pageOf(options), { signal });
    printer.json({ deadLetters: found.items.map(deadLetterJson), next: found.next });
    const rows = found.items.map(({ id, reason, channel, at, detail }) => [
      id,
      reason,
      channel ?? "direct",
      `${formatDuration(Date.now() - at)} ago`,
      detail,
    ]);
    printer.text(renderTable(["DEAD LETTER", "REASON", "CHANNEL", "MADE", "DETAIL"], rows));
    printer.note(nextPageNote(found.next));
    return exitCodes.ok;
  });
}

function addShow(group: Command, program: Program): void {
  const show = group
    .command("show")
    .description("show one with what it holds")
    .argument("<dead-letter-id>");
  runs<CommonOptions>(show, program, async ({ args, printer, surroundings }) => {
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
}

function addRetry(group: Command, program: Program): void {
  const retry = group
    .command("retry")
    .description("send a reply again, or take a message up by the kinds and routes of now")
    .argument("<dead-letter-id>");
  runs<CommonOptions>(retry, program, async ({ args, printer, surroundings }) => {
    await using client = await connectTo(surroundings);
    const signal = surroundings.interrupts();
    const deadLetterId = args[0] ?? "";
    const { taskId } = await client.call("retryDeadLetter", { deadLetterId }, { signal });
    printer.json({ taskId });
    printer.text([
      taskId === null
        ? "It is sent again. It belongs to no task; if it fails again, it is a dead letter again."
        : `It goes on as task ${taskId}. \`agent-bridge task show ${taskId}\` tells how.`,
    ]);
    return exitCodes.ok;
  });
}

export const deadLetter: CommandRow = {
  name: "dead-letter",
  add: (commands, program) => {
    const group = commands
      .command("dead-letter")
      .description("look at messages that could not be handled and replies that could not be sent");
    addList(group, program);
    addShow(group, program);
    addRetry(group, program);
  },
};
