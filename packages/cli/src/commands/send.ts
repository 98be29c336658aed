import type { Readable } from "node:stream";
import { BridgeError, type Json } from "@agent-bridge/core";
import { callOnce, runs, type CommandRow, type CommonOptions } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { taskJson } from "../json-output.ts";
import { watchAnswer } from "../watch-task.ts";

interface Options extends CommonOptions {
  readonly kind?: string;
  readonly runner?: string;
  readonly conversation?: string;
  readonly key?: string;
  readonly follow?: boolean;
}

/** More than a request to the daemon may have, so that the refusal can name the size. */
const maxInputBytes = 16 * 1024 * 1024;

export const send: CommandRow = {
  name: "send",
  add: (commands, program) => {
    const command = commands
      .command("send")
      .description("give an agent a message; durable once this has returned")
      .argument(
        "<text>",
        'the message, or "-" to read it from stdin; one that begins with a dash stands last, after "--"',
      )
      .option(
        "--kind <kind>",
        "what it is; for other kinds than prompt, the text is the JSON payload",
      )
      .option("--runner <name>", "which agent; default: the first that a route allows")
      .option("--conversation <name>", "the conversation, by id, or by a name of your own")
      .option("--key <key>", "idempotency key: the same key gives the same task again")
      .option("--follow", "show what happens until it has ended, then print the answer");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const { follow, runner, conversation, key } = options;
      const signal = surroundings.interrupts();
      const text = await messageText(args[0] ?? "", surroundings.stdin);
      const request = {
        ...asPayload(options.kind, text),
        ...(runner === undefined ? {} : { runner }),
        ...(conversation === undefined ? {} : asConversation(conversation)),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      };
      const { task, created } = await callOnce(surroundings, (client) =>
        client.call("start", request, { signal }),
      );
      if (follow === true) return await watchAnswer(surroundings, { taskId: task.id, printer });
      printer.json({ task: taskJson(task), created });
      printer.text([task.id]);
      if (!created) printer.note(["This key had a task already; nothing new was started."]);
      return exitCodes.ok;
    });
  },
};

function asPayload(kind: string | undefined, text: string): { kind?: string; payload: Json } {
  if (kind === undefined || kind === "prompt") {
    if (text === "") {
      throw new BridgeError("INPUT_INVALID", { what: "The message", detail: "it is empty." });
    }
    return { payload: { text } };
  }
  try {
    return { kind, payload: JSON.parse(text) as Json };
  } catch (error) {
    const detail = "it is not JSON. Only the kind prompt takes plain text.";
    const what = `The payload for the kind "${kind}"`;
    throw new BridgeError("INPUT_INVALID", { what, detail }, { cause: error });
  }
}

/** Ids are made by the bridge and have a form that no one chooses as a name. */
function asConversation(text: string): { conversationId: string } | { conversation: string } {
  return /^conv_[0-9a-z]{26}$/.test(text) ? { conversationId: text } : { conversation: text };
}

async function messageText(text: string, stdin: Readable): Promise<string> {
  if (text !== "-") return text;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxInputBytes) {
      const what = "The message";
      throw new BridgeError("INPUT_TOO_LARGE", { what, bytes, limitBytes: maxInputBytes });
    }
    chunks.push(chunk as Buffer);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    const what = "The message";
    throw new BridgeError("INPUT_INVALID", { what, detail: "it is not UTF-8." }, { cause: error });
  }
}
