import { BridgeError, type Json } from "@agent-bridge/core";
import type { DaemonClient } from "@agent-bridge/host";
import { connectTo, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { questionJson } from "../../json-output.ts";

interface Options extends CommonOptions {
  readonly accept?: boolean;
  readonly decline?: boolean;
  readonly content?: string;
}

export const reply: CommandRow = {
  name: "reply",
  add: (commands, program) => {
    const command = commands
      .command("reply")
      .description("answer a question that a task waits for")
      .argument("<id>", "the question, or a task with one open question")
      .option("--accept", "yes")
      .option("--decline", "no")
      .option("--content <text>", "with --accept: what was asked for, as JSON or as plain text");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const { accept = false, decline = false, content } = options;
      if (accept === decline) {
        const detail = "write either --accept or --decline.";
        throw new BridgeError("INPUT_INVALID", { what: "The answer", detail });
      }
      await using client = await connectTo(surroundings);
      const signal = surroundings.interrupts();
      const answer = {
        action: accept ? ("accept" as const) : ("decline" as const),
        ...(content === undefined ? {} : { content: asContent(content) }),
      };
      const questionId = await questionOf(client, args[0] ?? "", signal);
      const question = await client.call("answer", { questionId, answer }, { signal });
      printer.json({ question: questionJson(question) });
      printer.text([`${question.id}: ${answer.action}`]);
      return exitCodes.ok;
    });
  },
};

/** A task stands for its open question, where it has exactly one. */
async function questionOf(client: DaemonClient, id: string, signal: AbortSignal): Promise<string> {
  if (!id.startsWith("task_")) return id;
  const { questions } = await client.call("task", { taskId: id }, { signal });
  const open = questions.filter(({ state }) => state === "open");
  const [only] = open;
  if (only !== undefined && open.length === 1) return only.id;
  const detail = `it has ${open.length} open questions; \`agent-bridge task show ${id}\` lists them.`;
  throw new BridgeError("INPUT_INVALID", { what: `The task ${id}`, detail });
}

function asContent(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A person's plain answer; only a form needs JSON.
    return text;
  }
}
