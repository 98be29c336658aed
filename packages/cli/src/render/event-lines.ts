import type { BridgeEvent, EventData, EventType, Json, StartCause } from "@agent-bridge/core";
import { formatDuration } from "./duration.ts";
import type { Line, Tone } from "./line.ts";
import { plainLine, plainText } from "./plain-text.ts";

/** Lines of one event's own text that are shown; the rest is counted. */
const maxTextLines = 12;

/** The lines of a tool's output that are shown. */
const maxOutputLines = 4;

const causes: Readonly<Record<StartCause, string>> = {
  new: "",
  recovered: ", taken over after a crash",
  released: ", taken over after a planned stop",
  answered: ", with the answer to its question",
};

type Rows = { readonly [T in EventType]: (data: EventData[T], at: number) => readonly Line[] };

/** What each event looks like. A delta shows nothing: its whole message follows. */
const rows: Rows = {
  "task.created": ({ kind, runner, prompt }) =>
    labelled("task", [`${kind} for ${runner}: ${plainLine(prompt)}`], "strong"),
  "task.started": ({ attempt, cause }) =>
    labelled(
      "started",
      [`attempt ${attempt}${causes[cause]}`],
      cause === "new" ? "quiet" : "strong",
    ),
  "task.input_required": () => [],
  "task.cancel_requested": ({ by, reason }) =>
    labelled("cancel", [
      `asked for by ${plainLine(by)}${reason === undefined ? "" : `: ${plainLine(reason)}`}`,
    ]),
  "task.completed": () => labelled("completed", [""], "good"),
  "task.failed": ({ error, code, exitCode }) => {
    const exit = exitCode === undefined ? "" : `, exit ${exitCode}`;
    return labelled("failed", textLines(`${error} (${code}${exit})`), "bad");
  },
  "turn.session": ({ sessionId }) => labelled("session", [plainLine(sessionId)], "quiet"),
  "turn.thinking": ({ text, delta }) =>
    delta ? [] : labelled("thinking", [plainLine(text)], "quiet"),
  "turn.text": ({ text, delta }) => (delta ? [] : labelled("says", textLines(text))),
  "turn.tool_call": ({ name, input }) =>
    labelled("tool", [`${plainLine(name, 40)} ${plainLine(summaryOf(input))}`.trimEnd()]),
  "turn.tool_result": ({ status, output, exitCode }) => {
    const exit = exitCode === undefined ? "" : `, exit ${exitCode}`;
    const lines = textLines(summaryOf(output), maxOutputLines);
    return labelled("result", [`${status}${exit}`, ...lines], status === "ok" ? "quiet" : "bad");
  },
  "turn.file_change": ({ path, change }) => labelled("file", [`${change} ${plainLine(path)}`]),
  "turn.plan": ({ steps }) =>
    labelled(
      "plan",
      steps.map(({ text, status }) => `[${marks[status]}] ${plainLine(text)}`),
    ),
  "turn.usage": () => [],
  "turn.question": ({ questionId, type, title, details, deadlineAt }, at) =>
    labelled(
      "question",
      [
        `${plainLine(title)} (${type}, within ${formatDuration(deadlineAt - at)})`,
        ...textLines(summaryOf(details), maxOutputLines),
        `agent-bridge task reply ${questionId} --accept | --decline`,
      ],
      "strong",
    ),
  "turn.answer": ({ action, state, by }) =>
    labelled("answer", [`${action} (${state}${by === undefined ? "" : `, by ${plainLine(by)}`})`]),
  "turn.notice": ({ level, text }) =>
    labelled("notice", textLines(text), level === "warning" ? "bad" : "quiet"),
  "turn.final_answer": ({ output, attachments = [] }) => [
    ...labelled("answer", textLines(output, Infinity), "strong"),
    ...attachments.flatMap(({ kind, name, uri }) =>
      labelled("attached", [plainLine([kind, name, uri].filter(Boolean).join(" "), 500)]),
    ),
  ],
  "reply.delivered": ({ repeated }) =>
    labelled("reply", [repeated ? "delivered, perhaps twice" : "delivered"], "good"),
  "reply.failed": ({ reason, deadLetterId }) =>
    labelled("reply", [`could not be delivered: ${plainLine(reason)} (${deadLetterId})`], "bad"),
  "reply.noted": ({ text }) => labelled("noted", textLines(text, maxOutputLines), "quiet"),
};

const marks = { pending: " ", active: ">", done: "x" } as const;

/**
 * An event as lines for people, without its time and task. Control characters and escape sequences of
 * agents and platforms are taken out. Events that tell nothing to a reader give no line.
 */
export function renderEvent(event: BridgeEvent): readonly Line[] {
  const row = rows[event.type] as ((data: unknown, at: number) => readonly Line[]) | undefined;
  // A newer daemon may log events that this command does not know.
  if (row === undefined) return labelled(plainLine(event.type), [""], "quiet");
  const lines = row(event.data, event.at);
  const { cut } = event;
  if (cut === undefined || lines.length === 0) return lines;
  return [...lines, ...labelled("", [`(cut from ${cut.bytes} bytes)`], "quiet")];
}

const labelWidth = 10;

function labelled(label: string, texts: readonly string[], tone: Tone = "normal"): Line[] {
  return texts.map((text, index) => ({
    tone,
    text: `${(index === 0 ? label : "").padEnd(labelWidth)}${text}`.trimEnd(),
  }));
}

function textLines(text: string, maxLines = maxTextLines): string[] {
  const lines = plainText(text).trimEnd().split("\n");
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines), `… ${lines.length - maxLines} more lines`];
}

/** What a person wants to see of a tool's input or output: the command or the text, else the JSON. */
function summaryOf(value: Json): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object" && !Array.isArray(value)) {
    for (const key of ["command", "text", "output"]) {
      const inner = (value as { readonly [key: string]: Json })[key];
      if (typeof inner === "string") return inner;
      if (Array.isArray(inner)) return inner.map((part) => summaryOf(part)).join(" ");
    }
  }
  return JSON.stringify(value);
}
