import type { BridgeEvent, Json } from "@agent-bridge/core";

/** Prints what happens, a line each, with the time since the beginning. */
export interface Story {
  tell(what: string, text: string): void;
  /** Tells an event of a task, if it is part of the story. */
  event(event: BridgeEvent): void;
  readonly elapsedMs: number;
}

const oneLine = (text: string, most: number): string => {
  // Control characters of an agent or a person never reach the terminal.
  const flat = text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return flat.length <= most ? flat : `${flat.slice(0, most - 1)}…`;
};

/** The command of a shell call; the whole input of any other. */
function commandOf(input: Json): string {
  const command =
    typeof input === "object" && input !== null && "command" in input ? input["command"] : input;
  return typeof command === "string" ? command : JSON.stringify(command);
}

/** The events that are told, each with its word and text. */
const chapters: {
  readonly [T in BridgeEvent["type"]]?: (
    data: Extract<BridgeEvent, { type: T }>["data"],
  ) => readonly [string, string];
} = {
  "task.created": ({ kind, prompt }) => ["received", `${kind}: ${oneLine(prompt, 100)}`],
  "task.started": ({ attempt, cause }) => ["task", `attempt ${attempt} (${cause})`],
  "turn.session": ({ sessionId }) => ["session", sessionId],
  "turn.tool_call": ({ name, input }) => [name, oneLine(commandOf(input), 100)],
  "turn.tool_result": ({ status, output }) => [
    `tool ${status}`,
    oneLine(typeof output === "string" ? output : JSON.stringify(output), 100),
  ],
  "turn.notice": ({ text }) => ["notice", oneLine(text, 160)],
  "turn.final_answer": ({ output }) => ["answer", oneLine(output, 160)],
  "task.failed": ({ code, error }) => ["failed", `${code}: ${oneLine(error, 160)}`],
  "reply.delivered": ({ repeated }) => [
    "delivered",
    repeated ? "the reply, possibly a second time" : "the reply",
  ],
  "reply.failed": ({ reason }) => ["undelivered", reason],
};

/** Creates a story that writes lines. */
export function createStory(write: (line: string) => void): Story {
  const start = performance.now();
  const thinking = new Map<string, string>();
  const tell = (what: string, text: string): void => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
    write(`${seconds} s  ${what.padEnd(12)} ${text}`);
  };
  return {
    tell,
    get elapsedMs() {
      return Math.round(performance.now() - start);
    },
    event: (event) => {
      // Thinking comes in pieces: it is told once, when something else follows.
      if (event.type === "turn.thinking") {
        const { text, delta } = event.data;
        thinking.set(event.taskId, delta ? (thinking.get(event.taskId) ?? "") + text : text);
        return;
      }
      const thought = thinking.get(event.taskId);
      if (thought !== undefined) {
        thinking.delete(event.taskId);
        tell("thinking", oneLine(thought, 160));
      }
      const chapter = chapters[event.type] as
        | ((data: unknown) => readonly [string, string])
        | undefined;
      if (chapter !== undefined) tell(...chapter(event.data));
    },
  };
}
